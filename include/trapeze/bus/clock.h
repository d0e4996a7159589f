// Wall-clock time as a dependency, so that tests can set it.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::bus {

class Clock {
public:
    virtual ~Clock() = default;
    // Seconds since 1970-01-01 00:00:00 UTC. Any thread.
    virtual u64 unix_seconds() const = 0;
    // Monotonic nanoseconds. Any thread.
    virtual u64 monotonic_ns() const = 0;
    // As unix_seconds(), in nanoseconds, for those who wait for a second to begin.
    virtual u64 unix_ns() const { return unix_seconds() * 1'000'000'000u; }
};

class HostClock final : public Clock {
public:
    u64 unix_seconds() const override;
    u64 monotonic_ns() const override;
    u64 unix_ns() const override;
};

}  // namespace trapeze::bus
