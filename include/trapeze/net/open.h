// Host ends of network devices.
#pragma once

#include <memory>

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/net_port.h"
#include "trapeze/net/config.h"

namespace trapeze::net {

// On the thread of `loop`, where the port lives and dies; the loop outlives it.
Result<std::unique_ptr<bus::NetPort>> open(const Config& config, EventLoop& loop);

}  // namespace trapeze::net
