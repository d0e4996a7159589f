#include "trapeze/ci/verdict.h"

namespace trapeze::ci {

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::Matched: return "matched";
        case Verdict::GuestReset: return "guest-reset";
        case Verdict::InternalError: return "internal-error";
        case Verdict::GuestPanic: return "guest-panic";
        case Verdict::Timeout: return "timeout";
        case Verdict::FailPattern: return "fail-pattern";
        case Verdict::GuestPowerOff: return "guest-poweroff";
        case Verdict::Interrupted: return "interrupted";
    }
    return "internal-error";
}

int exit_status(Verdict verdict) {
    switch (verdict) {
        case Verdict::Matched: return 0;
        case Verdict::GuestReset: return 32;
        case Verdict::InternalError: return 33;
        case Verdict::GuestPanic: return 34;
        case Verdict::Timeout: return 36;
        case Verdict::FailPattern: return 37;
        case Verdict::GuestPowerOff: return 38;
        case Verdict::Interrupted: return 39;
    }
    return 33;
}

}  // namespace trapeze::ci
