// -nic and -net: a network device together with its network, or in two halves.
//
// QEMU adds a network device when nobody says anything about networks. We do not: a guest that is started for
// its exit status or its console is not to depend on the host's networks; `-nic user` adds one.
#include <algorithm>

#include "device_options.h"
#include "netdev.h"

namespace trapeze::cli {
namespace {

// Takes the last value of `key` out of the list.
std::optional<std::string> extract(std::vector<KeyValue>& items, std::string_view key) {
    std::optional<std::string> value;
    for (const KeyValue& item : items) {
        if (item.key == key) value = item.value;
    }
    std::erase_if(items, [&](const KeyValue& item) { return item.key == key; });
    return value;
}

std::string models_help() {
    return "Models:\n  virtio\n  virtio-net\n  virtio-net-device\n";
}

// What -nic and -net nic say about the device.
Result<NicRequest> extract_device(std::vector<KeyValue>& items, std::string_view mac_key) {
    NicRequest nic;
    if (const auto model = extract(items, "model"); model && !is_net_model(*model)) {
        return fail("model={}: {}", show(*model),
                    model->ends_with("-pci") ? not_supported("PCI") + "; use virtio-net-device"
                                             : not_supported(fmt::format("device '{}'", show(*model))));
    }
    if (const auto mac = extract(items, mac_key)) {
        nic.mac = TRY(with_context(parse_mac(*mac), fmt::format("{}={}", mac_key, show(*mac))));
    }
    return nic;
}

void add_device(Draft& draft, const NicRequest& nic, net::Config config, std::string_view host_id) {
    machine::NetConfig device;
    device.host_id = host_id;
    device.host = std::move(config);
    device.mac = nic.mac;
    draft.config.virtio.push_back({.id = nic.id, .slot = std::nullopt, .device = std::move(device)});
}

Result<void> net_nic(Draft& draft, const OptionUse& use, std::vector<KeyValue> items) {
    const std::string prefix = fmt::format("-net {}", show(use.argument));
    NicRequest nic = TRY(with_context(extract_device(items, "macaddr"), prefix));
    if (const auto netdev = extract(items, "netdev")) nic.netdev = *netdev;
    for (const std::string_view meaningless : {"type", "name", "addr", "vectors"})
        (void)extract(items, meaningless);
    if (!items.empty()) return fail("{}: unknown key '{}'", prefix, show(items.front().key));
    draft.net_nics.push_back(std::move(nic));
    return {};
}

}  // namespace

Result<void> nic_option(Draft& draft, const OptionUse& use) {
    if (is_help(use.argument)) {
        print_and_exit(draft, netdevs_help());
        return {};
    }
    auto items = TRY(split_list(use, "type"));
    if (value_of(items, "type") == "none") return {};
    if (is_help(value_of(items, "model"))) {
        print_and_exit(draft, models_help());
        return {};
    }
    const std::string prefix = fmt::format("-{} {}", use.name, show(use.argument));
    NicRequest nic = TRY(with_context(extract_device(items, "mac"), prefix));
    if (const auto id = extract(items, "id")) nic.id = *id;
    TRY(add_netdev(draft, use.name, show(use.argument), std::move(items)));
    if (draft.answer) return {};
    nic.own_network = draft.netdevs.size() - 1;
    draft.netdevs.back().used = true;
    draft.nics.push_back(std::move(nic));
    return {};
}

Result<void> net_option(Draft& draft, const OptionUse& use) {
    if (is_help(use.argument)) {
        print_and_exit(draft, netdevs_help());
        return {};
    }
    auto items = TRY(split_list(use, "type"));
    const std::string_view type = value_of(items, "type");
    if (type == "none") return {};
    if (is_help(value_of(items, "model"))) {
        print_and_exit(draft, models_help());
        return {};
    }
    if (type == "nic") return net_nic(draft, use, std::move(items));
    TRY(add_netdev(draft, use.name, show(use.argument), std::move(items)));
    if (!draft.answer) draft.net_networks.push_back(draft.netdevs.size() - 1);
    return {};
}

// On QEMU's hub everything of -net can talk to everything else: with one of each kind, that is a cable.
Result<void> finish_nics(Draft& draft) {
    for (const NicRequest& nic : draft.nics) {
        const NetdevRequest& network = draft.netdevs[nic.own_network];
        add_device(draft, nic, network.config, network.id);
    }
    std::vector<NicRequest> on_hub;
    for (const NicRequest& nic : draft.net_nics) {
        if (nic.netdev.empty()) {
            on_hub.push_back(nic);
        } else {
            add_device(draft, nic, TRY(with_context(take_netdev(draft, nic.netdev), "-net nic")), nic.netdev);
        }
    }
    if (on_hub.size() > 1 || draft.net_networks.size() > 1)
        return fail("-net: {}; use -nic for each", not_supported("networks with several members"));
    for (const NicRequest& nic : on_hub) {
        if (draft.net_networks.empty()) {
            draft.warnings.emplace_back("-net nic has no network: there is no other -net");
            add_device(draft, nic, net::NoConfig{}, {});
            continue;
        }
        NetdevRequest& network = draft.netdevs[draft.net_networks.front()];
        network.used = true;
        add_device(draft, nic, network.config, network.id);
    }
    return {};
}

void warn_of_unused_netdevs(Draft& draft) {
    for (const NetdevRequest& netdev : draft.netdevs) {
        if (netdev.used) continue;
        draft.warnings.push_back(netdev.id.empty() ? "a network of -net has no device"
                                                   : fmt::format("netdev {} has no peer", netdev.id));
    }
}

}  // namespace trapeze::cli
