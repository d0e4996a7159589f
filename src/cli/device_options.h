// -device: the devices that there are, each with its keys. One place to add a device: a file like
// device_rng.cc, and a row in device_options.cc.
#pragma once

#include <array>

#include "draft.h"

namespace trapeze::cli {

// What every device's draft has.
struct DeviceCommon {
    std::string id;
    std::optional<unsigned> slot;
};

struct DeviceType {
    std::string_view name;   // "virtio-rng-device"
    std::string_view alias;  // "virtio-rng", or empty
    std::string_view help;
    // Judges a -device, once all options are known. Errors read "-device text: why" or "-device key=value:
    // why".
    Result<void> (*add)(Draft&, const DeviceRequest&);
    std::string (*describe)();  // its keys, for "-device name,help"
};

namespace device_keys {

Result<void> set_id(DeviceCommon&, const KeyArgument&);
Result<void> set_bus(DeviceCommon&, const KeyArgument&);

template <typename Target>
Result<void> ignore(Target&, const KeyArgument&) {
    return {};
}

}  // namespace device_keys

// A device's own keys, and those of all virtio devices.
template <typename Target, std::size_t N>
constexpr auto with_common_keys(const KeyRow<Target> (&own)[N]) {
    using Argument = const KeyArgument&;
    const KeyRow<Target> common[] = {
        {"driver", "name", device_keys::ignore<Target>, "which device it is"},
        {"id", "id", [](Target& target, Argument a) { return device_keys::set_id(target.common, a); },
         "name of the device"},
        {"bus", "virtio-mmio-bus.n",
         [](Target& target, Argument a) { return device_keys::set_bus(target.common, a); },
         "its place, 0 to 31; by default the highest that is free"},
        {"ioeventfd", "on|off", accept_bool<Target>, "no effect: used where the accelerator has it"},
        {"indirect_desc", "on|off", accept_bool<Target>, "no effect: the driver decides"},
        {"event_idx", "on|off", accept_bool<Target>, "no effect: the driver decides"},
        {"any_layout", "on|off", accept_bool<Target>, "no effect"},
        {"packed", "on|off", accept_bool<Target>, "no effect: the driver decides"},
        {"iommu_platform", "off", only_off<Target>, "the IOMMU"},
    };
    std::array<KeyRow<Target>, N + std::size(common)> rows{};
    for (std::size_t i = 0; i < N; ++i) rows[i] = own[i];
    for (std::size_t i = 0; i < std::size(common); ++i) rows[N + i] = common[i];
    return rows;
}

// The rows of the device families.
std::span<const DeviceType> balloon_devices();  // device_balloon.cc
std::span<const DeviceType> block_devices();    // device_block.cc
std::span<const DeviceType> console_devices();  // device_console.cc
std::span<const DeviceType> net_devices();      // device_net.cc
std::span<const DeviceType> p9_devices();       // device_p9.cc
std::span<const DeviceType> rng_devices();      // device_rng.cc
std::span<const DeviceType> vsock_devices();    // device_vsock.cc

}  // namespace trapeze::cli
