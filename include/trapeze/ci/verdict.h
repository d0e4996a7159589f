// How a test run under -ci ended, and the program's exit status for it (docs/exit-status.md).
#pragma once

#include <string_view>

#include "trapeze/base/types.h"

namespace trapeze::ci {

enum class Verdict : u8 {
    Matched,        // all that was expected has been seen
    GuestReset,     // the guest rebooted before that
    InternalError,  // a vCPU could not go on, or a result could not be written
    GuestPanic,
    Timeout,
    FailPattern,    // the console has a line that must not be there
    GuestPowerOff,  // the guest powered off before all that was expected had been seen
    Interrupted,    // somebody ended the program: a signal, a monitor
};

// A word for reports: "matched", "guest-panic".
std::string_view verdict_name(Verdict verdict);

// Distinct, and none that a shell, timeout(1), a signal or the rest of this program gives. Where crosvm has a
// status for the same thing (32 reset, 33 crash, 34 panic, 36 watchdog), it is that.
int exit_status(Verdict verdict);

}  // namespace trapeze::ci
