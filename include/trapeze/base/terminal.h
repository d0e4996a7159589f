// Raw mode of the user's terminal, given back on every way out: destruction, exit(), a failed CHECK, a fatal
// signal, and while the process is stopped (Ctrl-Z, kill -STOP and fg).
#pragma once

#include <utility>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze {

// What Ctrl-C, Ctrl-Z and Ctrl-\ do in raw mode.
enum class TerminalSignals : u8 {
    Raise,  // signals to us
    Pass,   // bytes like any other
};

// While one is active: no echo, no line editing, every byte as typed; output processing stays on, so that our
// own messages still start at the left margin. At most one active object per process, created and destroyed
// on the main thread.
class RawTerminal {
public:
    // Inactive when `fd` is not a terminal. In a background job the settings are applied when the job comes
    // to the foreground (SIGCONT): nothing here stops or hangs a background process. Installs handlers, until
    // destruction, for SIGTSTP, SIGCONT and the signals whose default is to kill; of these SIGTERM, SIGINT,
    // SIGHUP and SIGQUIT only where the program left the default action, so install others first or later.
    static Result<RawTerminal> enter(int fd, TerminalSignals signals);

    RawTerminal() = default;
    RawTerminal(RawTerminal&& other) noexcept : active_(std::exchange(other.active_, false)) {}
    RawTerminal& operator=(RawTerminal&& other) noexcept {
        if (this != &other) {
            leave();
            active_ = std::exchange(other.active_, false);
        }
        return *this;
    }
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() { leave(); }

    bool active() const { return active_; }

private:
    void leave();

    bool active_ = false;
};

// Gives the terminal back if it is in raw mode. Any thread, async-signal-safe, harmless when repeated. For
// exit paths that run neither destructors nor atexit() functions.
void restore_terminal();

// Whether reading from or setting up terminal `fd` would leave us running: false exactly when it is our
// controlling terminal and another job has it. Async-signal-safe.
bool terminal_in_foreground(int fd);

}  // namespace trapeze
