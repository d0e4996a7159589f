// The host's end of a virtio-vsock device: stream sockets of AF_UNIX. For a guest's connection to port P,
// somebody listens on "PATH_P". On PATH, programs of the host send "CONNECT P\n" for port P of the guest, and
// get "OK N\n" when they are there: N is the port that the guest sees.
#pragma once

#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/bus/stream_host.h"

namespace trapeze::net {

// So that there is room for a port behind it.
inline constexpr std::size_t kMostUnixStreamsPath = 107 - sizeof "_4294967295" + 1;

// On the thread of `loop`, where everything lives and dies; the loop outlives it.
Result<std::unique_ptr<bus::StreamHost>> open_unix_streams(const std::string& path, EventLoop& loop);

}  // namespace trapeze::net
