// The host's monotonic clock, for measurements. What a guest or a timer can see goes through bus::Clock and
// Scheduler instead, which tests can replace.
#pragma once

#include <ctime>

#include "trapeze/base/types.h"

namespace trapeze {

// CLOCK_MONOTONIC in nanoseconds. Any thread.
inline u64 monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000u + static_cast<u64>(now.tv_nsec);
}

}  // namespace trapeze
