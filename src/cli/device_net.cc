// -device virtio-net-device, and what the MAC addresses of all network devices are.
#include <algorithm>
#include <charconv>

#include "device_options.h"
#include "netdev.h"
#include "trapeze/virtio/net_features.h"

namespace trapeze::cli {
namespace {

using machine::NetConfig;
namespace features = virtio::net;

struct NetDraft {
    DeviceCommon common;
    NetConfig config;
};

Result<void> set_netdev(NetDraft& draft, const KeyArgument& argument) {
    draft.config.host_id = argument.value;
    return {};
}

Result<void> set_mac(NetDraft& draft, const KeyArgument& argument) {
    draft.config.mac = TRY(parse_mac(argument.value));
    return {};
}

// The smallest MTU of IPv4, RFC 791, and of 5.1.4.1.
Result<void> set_mtu(NetDraft& draft, const KeyArgument& argument) {
    draft.config.mtu = static_cast<u16>(TRY(parse_number(argument.value, 68, 65535)));
    return {};
}

template <u64 Feature>
Result<void> set_feature(NetDraft& draft, const KeyArgument& argument) {
    draft.config.without &= ~Feature;
    if (!TRY(parse_bool(argument.value))) draft.config.without |= Feature;
    return {};
}

Result<void> only_256(NetDraft&, const KeyArgument& argument) {
    if (TRY(parse_number(argument.value, 1, 1024)) == 256) return {};
    return fail("queues have 256 entries");
}

constexpr KeyRow<NetDraft> kOwnKeys[] = {
    {"netdev", "id", set_netdev, "the -netdev at its other end"},
    {"mac", "addr", set_mac, "its address, 52:54:00:12:34:56 and following by default"},
    {"host_mtu", "n", set_mtu, "the MTU that the guest is told"},
    {"mrg_rxbuf", "on|off", set_feature<features::kMrgRxbuf>, "frames may use several buffers"},
    {"csum", "on|off", set_feature<features::kCsum>, "the guest may leave checksums to the host"},
    {"host_tso4", "on|off", set_feature<features::kHostTso4>, "and segments of TCP over IPv4"},
    {"host_tso6", "on|off", set_feature<features::kHostTso6>, "and over IPv6"},
    {"host_ecn", "on|off", set_feature<features::kHostEcn>, "with congestion marks"},
    {"guest_csum", "on|off", set_feature<features::kGuestCsum>, "the same from the host to the guest"},
    {"guest_tso4", "on|off", set_feature<features::kGuestTso4>, ""},
    {"guest_tso6", "on|off", set_feature<features::kGuestTso6>, ""},
    {"guest_ecn", "on|off", set_feature<features::kGuestEcn>, ""},
    {"ctrl_vq", "on|off", set_feature<features::kCtrlVq>, "a queue for commands"},
    {"ctrl_rx", "on|off", set_feature<features::kCtrlRx>, "of which: what the guest wants to receive"},
    {"ctrl_rx_extra", "on|off", set_feature<features::kCtrlRxExtra>, "more of it"},
    {"ctrl_vlan", "on|off", set_feature<features::kCtrlVlan>, "from which VLANs"},
    {"ctrl_mac_addr", "on|off", set_feature<features::kCtrlMacAddr>, "at which address"},
    {"ctrl_guest_offloads", "on|off", set_feature<features::kCtrlGuestOffloads>, "and how complete"},
    {"status", "on|off", set_feature<features::kStatus>, "the guest sees whether the link is up"},
    {"gso", "on|off", accept_bool<NetDraft>, "no effect"},
    {"guest_ufo", "on|off", accept_bool<NetDraft>, "no effect: not offered"},
    {"host_ufo", "on|off", accept_bool<NetDraft>, "no effect: not offered"},
    {"guest_announce", "on|off", accept_bool<NetDraft>, "no effect: for migration"},
    {"mq", "off", only_off<NetDraft>, "several pairs of queues"},
    {"rx_queue_size", "256", only_256, "no effect"},
    {"tx_queue_size", "256", only_256, "no effect"},
};
constexpr auto kKeys = with_common_keys(kOwnKeys);
constexpr KeyTable<NetDraft> kTable = kKeys;

Result<void> add(Draft& draft, const DeviceRequest& request) {
    NetDraft device;
    TRY(apply_keys("device", kTable, request.items, device));
    if (device.config.host_id.empty()) {
        draft.warnings.push_back(fmt::format("device {} has no netdev", request.text));
    } else {
        device.config.host = TRY(
            with_context(take_netdev(draft, device.config.host_id), fmt::format("-device {}", request.text)));
    }
    draft.config.virtio.push_back({device.common.id, device.common.slot, std::move(device.config)});
    return {};
}

constexpr DeviceType kTypes[] = {
    {"virtio-net-device", "virtio-net", "network", add, [] { return describe_keys(kTable); }},
};

// As QEMU's.
virtio::MacAddress usual_mac(unsigned n) {
    return {0x52, 0x54, 0x00, 0x12, 0x34, static_cast<u8>(0x56 + n)};
}

}  // namespace

std::span<const DeviceType> net_devices() {
    return kTypes;
}

bool is_net_model(std::string_view model) {
    return model == "virtio" || model == kTypes[0].name || model == kTypes[0].alias;
}

Result<virtio::MacAddress> parse_mac(std::string_view text) {
    virtio::MacAddress mac{};
    const bool shape = text.size() == 17;
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const char* at = text.data() + i * 3;
        const bool separated = shape && (i == 0 || at[-1] == ':' || at[-1] == '-');
        if (!separated || std::from_chars(at, at + 2, mac[i], 16).ptr != at + 2)
            return fail("must be six bytes in hexadecimal: 52:54:00:12:34:56");
    }
    if ((mac[0] & 1) != 0) return fail("this is a multicast address");
    return mac;
}

// Those that were not given: each the first that is free.
Result<void> finish_macs(Draft& draft) {
    std::vector<virtio::MacAddress> taken;
    for (const machine::VirtioConfig& device : draft.config.virtio) {
        if (const auto* net = std::get_if<NetConfig>(&device.device)) taken.push_back(net->mac);
    }
    for (machine::VirtioConfig& device : draft.config.virtio) {
        auto* net = std::get_if<NetConfig>(&device.device);
        if (net == nullptr || net->mac != virtio::MacAddress{}) continue;
        unsigned n = 0;
        while (std::ranges::find(taken, usual_mac(n)) != taken.end()) ++n;
        net->mac = usual_mac(n);
        taken.push_back(net->mac);
    }
    return {};
}

}  // namespace trapeze::cli
