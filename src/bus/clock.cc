#include "trapeze/bus/clock.h"

#include <ctime>

namespace trapeze::bus {

u64 HostClock::unix_seconds() const {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<u64>(now.tv_sec);
}

u64 HostClock::monotonic_ns() const {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000u + static_cast<u64>(now.tv_nsec);
}

}  // namespace trapeze::bus
