#include "device_options.h"

#include <algorithm>
#include <vector>

#include "trapeze/machine/memory_map.h"

namespace trapeze::cli {
namespace {

// By family, in the order of -device help.
std::vector<DeviceType> device_types() {
    std::vector<DeviceType> types;
    for (const auto family : {block_devices(), net_devices(), p9_devices(), rng_devices(), balloon_devices(),
                              vsock_devices(), console_devices()})
        types.insert(types.end(), family.begin(), family.end());
    return types;
}

Result<DeviceType> find_device(std::string_view name) {
    std::vector<std::string_view> known;
    for (const DeviceType& type : device_types()) {
        if (name == type.name || (!type.alias.empty() && name == type.alias)) return type;
        known.push_back(type.name);
    }
    constexpr std::string_view kPci = "-pci";
    if (name.ends_with(kPci)) {
        const std::string on_mmio = fmt::format("{}-device", name.substr(0, name.size() - kPci.size()));
        if (std::ranges::find(known, on_mmio) != known.end()) {
            return fail("{}; {} is the same device without it", not_supported("PCI"), on_mmio);
        }
        return fail("{}", not_supported("PCI"));
    }
    return fail("{} (-device help lists those that are)",
                not_supported(fmt::format("device '{}'", show(name))));
}

std::string devices_help() {
    std::string text = "Devices that can be added:\n";
    for (const DeviceType& type : device_types()) {
        const std::string alias = type.alias.empty() ? "" : fmt::format(" (also {})", type.alias);
        text += fmt::format("  {:<34} {}{}\n", type.name, type.help, alias);
    }
    return text;
}

Result<void> set_force_legacy(Draft& draft, const KeyArgument& argument) {
    draft.config.virtio_legacy = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<Draft> kGlobalKeys[] = {
    {"virtio-mmio.force-legacy", "on|off", set_force_legacy,
     "virtio devices have the interface of before version 1.0"},
};

}  // namespace

namespace device_keys {

Result<void> set_id(DeviceCommon& device, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("an id must not be empty");
    device.id = argument.value;
    return {};
}

Result<void> set_bus(DeviceCommon& device, const KeyArgument& argument) {
    constexpr std::string_view kBus = "virtio-mmio-bus.";
    if (!argument.value.starts_with(kBus)) return fail("must be {}0 to 31", kBus);
    device.slot = static_cast<unsigned>(
        TRY(parse_number(argument.value.substr(kBus.size()), 0, machine::map::kVirtioSlots - 1)));
    return {};
}

}  // namespace device_keys

Result<void> device_option(Draft& draft, const OptionUse& use) {
    if (is_help(use.argument)) {
        print_and_exit(draft, devices_help());
        return {};
    }
    DeviceRequest request;
    request.text = show(use.argument);
    request.items = TRY(split_list(use, "driver"));
    const std::string_view name = value_of(request.items, "driver");
    const DeviceType type = TRY(with_context(find_device(name), fmt::format("-device {}", request.text)));
    if (wants_help(request.items)) {
        print_and_exit(draft, fmt::format("{} properties:\n{}", type.name, type.describe()));
        return {};
    }
    draft.devices.push_back(std::move(request));
    return {};
}

Result<void> global_option(Draft& draft, const OptionUse& use) {
    return apply_keys<Draft>(use.name, kGlobalKeys, TRY(split_list(use, {})), draft);
}

namespace {

Result<void> check_ids(const machine::MachineConfig& config) {
    std::vector<std::string_view> ids;
    for (const machine::VirtioConfig& device : config.virtio) {
        ids.push_back(device.id);
        if (const auto* console = std::get_if<machine::ConsoleConfig>(&device.device)) {
            for (const machine::ConsolePortConfig& port : console->ports) ids.push_back(port.id);
        }
    }
    std::erase(ids, "");
    std::ranges::sort(ids);
    const auto twice = std::ranges::adjacent_find(ids);
    if (twice == ids.end()) return {};
    return fail("-device id={}: this id is already taken", show(*twice));
}

}  // namespace

// Devices name drives, character devices and the like, which may follow them.
Result<void> finish_devices(Draft& draft) {
    for (DriveRequest& drive : draft.drives) drive.config.snapshot |= draft.snapshot;
    TRY(finish_nics(draft));  // on the board, so before those that are plugged in
    const std::vector<DeviceRequest> requests = std::move(draft.devices);
    for (const DeviceRequest& request : requests) {
        const DeviceType type = TRY(find_device(value_of(request.items, "driver")));
        TRY(type.add(draft, request));
    }
    add_drive_devices(draft);
    add_share_devices(draft);
    TRY(finish_macs(draft));
    warn_of_unused_netdevs(draft);
    TRY(check_ids(draft.config));
    if (draft.config.virtio.size() > machine::map::kVirtioSlots)
        return fail("-device: there is room for {} virtio devices", machine::map::kVirtioSlots);
    return {};
}

}  // namespace trapeze::cli
