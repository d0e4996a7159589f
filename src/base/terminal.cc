#include "trapeze/base/terminal.h"

#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include "trapeze/base/check.h"

namespace trapeze {
namespace {

// The one terminal. Written only while `entered` is false; signal handlers read it when `entered` is true.
int terminal_fd = -1;
termios original_settings;
termios raw_settings;
std::atomic<bool> entered{false};
std::atomic<bool> raw_applied{false};

struct Handled {
    int signal;
    enum Kind : u8 { Fault, Request, Stop, Continue } kind;
};
constexpr Handled kSignals[] = {
    {SIGSEGV, Handled::Fault},    {SIGBUS, Handled::Fault},    {SIGILL, Handled::Fault},
    {SIGFPE, Handled::Fault},     {SIGTRAP, Handled::Fault},   {SIGSYS, Handled::Fault},
    {SIGABRT, Handled::Fault},    {SIGTERM, Handled::Request}, {SIGINT, Handled::Request},
    {SIGHUP, Handled::Request},   {SIGQUIT, Handled::Request}, {SIGTSTP, Handled::Stop},
    {SIGCONT, Handled::Continue},
};
// What was in force before ours, by index into kSignals.
struct sigaction previous_actions[std::size(kSignals)];
bool installed[std::size(kSignals)];

// Blocks one signal in this thread for the lifetime of the object. Async-signal-safe.
class SignalMask {
public:
    SignalMask(int how, int signal) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, signal);
        pthread_sigmask(how, &set, &old_);
    }
    ~SignalMask() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
    SignalMask(const SignalMask&) = delete;
    SignalMask& operator=(const SignalMask&) = delete;

private:
    sigset_t old_;
};

bool apply(const termios& settings) {
    // A job that loses the foreground between our check and the call would be stopped here; with SIGTTOU
    // blocked the call just succeeds (POSIX tcsetattr). TCSANOW: waiting for output could last for ever.
    const SignalMask no_stop(SIG_BLOCK, SIGTTOU);
    int result = 0;
    do {
        result = tcsetattr(terminal_fd, TCSANOW, &settings);
    } while (result < 0 && errno == EINTR);
    return result == 0;
}

// False only when the terminal refuses; postponing to SIGCONT is success.
bool go_raw() {
    if (!terminal_in_foreground(terminal_fd)) return true;
    raw_applied.store(true);
    return apply(raw_settings);
}

void on_fatal(int signal, siginfo_t* info, void*) {
    run_crash_hook();
    restore_terminal();
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
        if (kSignals[i].signal == signal) sigaction(signal, &previous_actions[i], nullptr);
    }
    // A real fault happens again on return, in the right context for a core dump; anything else is sent again
    // and delivered when this handler returns.
    const bool faults_again =
        info->si_code > 0 && (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE);
    if (!faults_again) raise(signal);
}

void on_stop(int signal) {
    const int saved_errno = errno;
    restore_terminal();
    struct sigaction by_default {};
    struct sigaction ours {};
    by_default.sa_handler = SIG_DFL;
    sigaction(signal, &by_default, &ours);
    {
        // The signal is blocked in its own handler. Stops here; an orphaned job, which the kernel does not
        // stop, goes straight on.
        raise(signal);
        const SignalMask deliver(SIG_UNBLOCK, signal);
    }
    sigaction(signal, &ours, nullptr);
    if (entered.load()) go_raw();
    errno = saved_errno;
}

void on_continue(int) {
    const int saved_errno = errno;
    if (entered.load()) go_raw();
    errno = saved_errno;
}

void install_handlers() {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
        const auto [signal, kind] = kSignals[i];
        struct sigaction action {};
        sigemptyset(&action.sa_mask);
        action.sa_flags = SA_RESTART | SA_ONSTACK;
        switch (kind) {
            case Handled::Fault:
            case Handled::Request:
                action.sa_sigaction = on_fatal;
                action.sa_flags |= SA_SIGINFO;
                break;
            case Handled::Stop: action.sa_handler = on_stop; break;
            case Handled::Continue: action.sa_handler = on_continue; break;
        }
        sigaction(signal, nullptr, &previous_actions[i]);
        const bool is_default =
            (previous_actions[i].sa_flags & SA_SIGINFO) == 0 && previous_actions[i].sa_handler == SIG_DFL;
        installed[i] = kind == Handled::Fault || is_default;
        if (installed[i]) sigaction(signal, &action, nullptr);
    }
}

void remove_handlers() {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
        struct sigaction now {};
        sigaction(kSignals[i].signal, nullptr, &now);
        // Not if the program has put its own handler over ours since.
        const bool ours = (now.sa_flags & SA_SIGINFO) != 0
                              ? now.sa_sigaction == on_fatal
                              : now.sa_handler == on_stop || now.sa_handler == on_continue;
        if (installed[i] && ours) sigaction(kSignals[i].signal, &previous_actions[i], nullptr);
    }
}

termios make_raw(termios settings, TerminalSignals signals) {
    settings.c_iflag &=
        ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN);
    if (signals == TerminalSignals::Pass) settings.c_lflag &= ~static_cast<tcflag_t>(ISIG);
    settings.c_cflag &= ~static_cast<tcflag_t>(CSIZE | PARENB);
    settings.c_cflag |= CS8;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    return settings;
}

}  // namespace

bool terminal_in_foreground(int fd) {
    const pid_t foreground = tcgetpgrp(fd);
    // ENOTTY: not our controlling terminal, so no job control applies.
    return foreground < 0 || foreground == getpgrp();
}

void restore_terminal() {
    if (!entered.load() || !raw_applied.exchange(false)) return;
    const int saved_errno = errno;
    // In the background the shell has long put its own settings in place.
    if (terminal_in_foreground(terminal_fd)) apply(original_settings);
    errno = saved_errno;
}

Result<RawTerminal> RawTerminal::enter(int fd, TerminalSignals signals) {
    if (isatty(fd) == 0) return RawTerminal();
    CHECK(!entered.load());
    if (tcgetattr(fd, &original_settings) < 0) return fail_errno(errno, "could not read terminal settings");
    terminal_fd = fd;
    raw_settings = make_raw(original_settings, signals);
    entered.store(true);
    RawTerminal terminal;
    terminal.active_ = true;  // from here on, leave() undoes everything

    [[maybe_unused]] static const int at_exit = std::atexit(restore_terminal);
    set_crash_hook(restore_terminal);
    install_handlers();
    if (!go_raw()) return fail_errno(errno, "could not put the terminal into raw mode");
    return terminal;
}

void RawTerminal::leave() {
    if (!std::exchange(active_, false)) return;
    restore_terminal();
    remove_handlers();
    set_crash_hook(nullptr);
    entered.store(false);
}

}  // namespace trapeze
