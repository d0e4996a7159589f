// From the configuration of a virtio device to the device. The one place to add a kind.
#pragma once

#include <memory>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/machine/device_config.h"
#include "trapeze/virtio/device.h"

namespace trapeze::machine {

// On the device's thread, whose loop is `loop`.
Result<std::unique_ptr<virtio::Device>> make_virtio_device(const VirtioConfig& config, EventLoop& loop);

}  // namespace trapeze::machine
