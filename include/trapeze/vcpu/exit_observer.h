// One exit of a vCPU after it has been handled: what it was and where the time went. For statistics and
// traces.
#pragma once

#include <array>
#include <optional>

#include "trapeze/trap/trap.h"

namespace trapeze::vcpu {

// All times are CLOCK_MONOTONIC nanoseconds, and
//     entered <= exited <= blocked_from <= blocked_until <= done    (blocked_* only if the vCPU slept).
struct ObservedExit {
    enum class Kind : u8 {
        Trap,         // `trap` holds it
        Interrupted,  // a kick, a signal, or a change of a timer's or the PMU's output
        Other,        // anything else that ended the run: debug events, a fatal condition
    };
    Kind kind = Kind::Interrupted;
    std::optional<trap::Trap> trap;

    // As the exit reports it: the instruction, or for HVC the one after it. 0: the exit does not say, and
    // asking would be an access to the registers of an incomplete instruction (described MMIO).
    u64 pc = 0;
    std::array<u64, 4> arguments{};  // hypercalls: X0 to X3 at the call; otherwise zero
    // The value that was written or read; of a hypercall, X0 on return. nullopt: there was none.
    std::optional<u64> value;
    bool exception = false;  // the guest got an exception instead

    u64 entered_ns = 0;
    u64 exited_ns = 0;
    u64 blocked_from_ns = 0;  // 0: did not sleep
    u64 blocked_until_ns = 0;
    u64 done_ns = 0;

    u64 guest_ns() const { return exited_ns - entered_ns; }
    u64 blocked_ns() const { return blocked_until_ns - blocked_from_ns; }
    u64 handling_ns() const { return done_ns - exited_ns - blocked_ns(); }
};

// Called on the vCPU's own thread, without locks held. Whatever it does delays the guest.
class ExitObserver {
public:
    virtual ~ExitObserver() = default;
    // The vCPU's thread has started; before anything else here.
    virtual void thread_started() {}
    // After the exit's outcome has been performed.
    virtual void exit_observed(const ObservedExit& exit) = 0;
};

}  // namespace trapeze::vcpu
