#include "trapeze/bus/clock.h"

#include <ctime>

namespace trapeze::bus {

namespace {

u64 read_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<u64>(now.tv_sec) * 1'000'000'000u + static_cast<u64>(now.tv_nsec);
}

}  // namespace

u64 HostClock::unix_seconds() const {
    return unix_ns() / 1'000'000'000u;
}

u64 HostClock::unix_ns() const {
    return read_ns(CLOCK_REALTIME);
}

u64 HostClock::monotonic_ns() const {
    return read_ns(CLOCK_MONOTONIC);
}

}  // namespace trapeze::bus
