// From the configuration of a virtio device to the device. The one place to add a kind.
#pragma once

#include <memory>
#include <span>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/bus/char_port.h"
#include "trapeze/machine/device_config.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/virtio/device.h"

namespace trapeze::machine {

// The host end of a port: one of MachineConfig::port_devices.
struct HostPort {
    bus::CharPort* port = nullptr;
    bool peers = false;  // they come and go
};

// On the device's thread, whose loop is `loop`. `memory` outlives the device. `ports` are all that there are.
Result<std::unique_ptr<virtio::Device>> make_virtio_device(const VirtioConfig& config, EventLoop& loop,
                                                           mem::GuestMemory& memory,
                                                           std::span<const HostPort> ports);

}  // namespace trapeze::machine
