// What state a machine is in, why it stops, and who wants to know. The names are those of QEMU's QAPI schema
// ("RunState", "ShutdownCause"), because scripts compare them.
#pragma once

#include <string_view>

#include "trapeze/base/types.h"

namespace trapeze::debug {

enum class RunState : u8 {
    Prelaunch,      // -S: not started yet
    Running,
    Paused,         // `stop`
    Debug,          // a debugger stopped it
    Shutdown,       // the guest powered off and -no-shutdown is in effect; only a reset leaves this
    GuestPanicked,  // and -action panic=pause is in effect; only a reset leaves this
    InternalError,  // a vCPU cannot go on
};
constexpr std::string_view run_state_name(RunState state) {
    switch (state) {
        case RunState::Prelaunch: return "prelaunch";
        case RunState::Running: return "running";
        case RunState::Paused: return "paused";
        case RunState::Debug: return "debug";
        case RunState::Shutdown: return "shutdown";
        case RunState::GuestPanicked: return "guest-panicked";
        case RunState::InternalError: return "internal-error";
    }
    return "unknown";
}
constexpr bool needs_reset(RunState state) {
    return state == RunState::Shutdown || state == RunState::GuestPanicked ||
           state == RunState::InternalError;
}

// Who ended or reset the machine.
enum class ShutdownCause : u8 {
    HostError,
    HostQmpQuit,
    HostQmpSystemReset,
    HostSignal,
    HostUi,  // Ctrl-A x, a monitor command
    GuestShutdown,
    GuestReset,
    GuestPanic,
};
constexpr std::string_view shutdown_cause_name(ShutdownCause cause) {
    switch (cause) {
        case ShutdownCause::HostError: return "host-error";
        case ShutdownCause::HostQmpQuit: return "host-qmp-quit";
        case ShutdownCause::HostQmpSystemReset: return "host-qmp-system-reset";
        case ShutdownCause::HostSignal: return "host-signal";
        case ShutdownCause::HostUi: return "host-ui";
        case ShutdownCause::GuestShutdown: return "guest-shutdown";
        case ShutdownCause::GuestReset: return "guest-reset";
        case ShutdownCause::GuestPanic: return "guest-panic";
    }
    return "none";
}
constexpr bool is_guest_cause(ShutdownCause cause) {
    return cause >= ShutdownCause::GuestShutdown;
}

// Told about every change of state, after it has happened. Loop thread only. An observer may call the machine
// back, except from shutting_down().
class MachineObserver {
public:
    virtual ~MachineObserver() = default;
    virtual void stopped(RunState) {}
    virtual void resumed() {}
    virtual void was_reset(ShutdownCause) {}
    virtual void powerdown_requested() {}
    // The run is over: the machine will pause for good or the program will end, as `action` ("pause",
    // "poweroff") says. vCPUs still exist.
    virtual void shutting_down(ShutdownCause, std::string_view /*action*/) {}
    // `action` is what happens next, as in QAPI's "GuestPanicAction": "pause", "poweroff" or "run".
    virtual void guest_panicked(std::string_view /*action*/) {}
    // The guest panicked, and its own crash kernel takes over.
    virtual void guest_crash_loaded() {}
    // The balloon leaves so many bytes to the guest.
    virtual void balloon_changed(u64 /*bytes*/) {}
};

}  // namespace trapeze::debug
