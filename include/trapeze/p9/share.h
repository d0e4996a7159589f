// A directory of the host, served by the protocol 9P2000.L (docs/shares.md).
#pragma once

#include <memory>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/bus/file_share.h"
#include "trapeze/p9/config.h"

namespace trapeze::p9 {

// `loop` is that of the share's thread, and outlives it; the share is destroyed on that thread or after it,
// with no request in flight.
Result<std::unique_ptr<bus::FileShare>> open_share(EventLoop& loop, const ShareConfig& config);

}  // namespace trapeze::p9
