// The kinds of ports, for open().
#pragma once

#include <memory>

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/net_port.h"
#include "trapeze/net/config.h"

namespace trapeze::net {

Result<std::unique_ptr<bus::NetPort>> open_user(const UserConfig& config, EventLoop& loop);
Result<std::unique_ptr<bus::NetPort>> open_tap(const TapConfig& config, EventLoop& loop);
Result<std::unique_ptr<bus::NetPort>> open_stream(const StreamConfig& config, EventLoop& loop);
Result<std::unique_ptr<bus::NetPort>> open_datagram(const DatagramConfig& config, EventLoop& loop);

}  // namespace trapeze::net
