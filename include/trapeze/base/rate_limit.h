// Token bucket for messages that a guest can provoke.
#pragma once

#include <atomic>

#include "trapeze/base/types.h"

namespace trapeze {

// Allows kBurst messages, then kPerSecond; counts what it dropped. Thread-safe, lock-free.
class RateLimiter {
public:
    static constexpr u32 kBurst = 10;
    static constexpr u32 kPerSecond = 5;

    bool allow();
    // As allow(), at a given time in nanoseconds (monotonic); for tests.
    bool allow_at(u64 now_ns);
    // Messages suppressed since the last call.
    u64 take_dropped() { return dropped_.exchange(0, std::memory_order_relaxed); }

private:
    // Time at which the bucket is full again: advances one interval per message, never lags `now`.
    std::atomic<u64> full_at_ns_{0};
    std::atomic<u64> dropped_{0};
};

}  // namespace trapeze
