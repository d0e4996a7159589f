// Runs a program on a pseudoterminal and plays a script against it: types, waits for output, checks how it
// ends.
//
// usage: pty_driver [--stderr FILE] [--prefix TEXT] COMMAND [ARGUMENT]... <SCRIPT
//
// Commands of a script (TEXT with the escapes of unescape()):
//   check NAME     the steps from here on, up to the next check, are the check of that name
//   timeout N      seconds that each wait below may take (30)
//   expect TEXT    waits for that text, after what the last expect, match or guest saw
//   match REGEX    the same for a POSIX extended regular expression; lines end with \n only
//   absent TEXT    the text must not have come out since the start
//   idle N         N seconds in which the program may do what it wants but end
//   send TEXT      types
//   guest COMMAND  types a command at the guest's shell prompt and waits for its end; the status must be 0
//   host COMMAND   runs a shell command here; the status must be 0. Its environment has PID, of the program,
//   and
//                  OUTPUT, of the last guest command
//   signal NAME    TERM, INT, HUP, QUIT, SEGV, ABRT, KILL, ...: sends it to the program
//   exit STATUS    waits for the end with this status
//   killed NAME    waits for the end by this signal
//   terminal raw   the settings are those of a program that takes every key
//   terminal same  the settings are exactly those from before the start
//
// Prints a line "PASS|FAIL  SECONDS s  NAME" for each check. After a failure all checks below count as
// failed, and what the program has put out is shown. Exit status: 0 if all passed, 1 if not, 2 for a mistake
// in the script.
#include <regex.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "script.h"
#include "session.h"

namespace trapeze::linux_tests {
namespace {

// A script that makes no sense: not the fault of the program.
struct Mistake : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    std::string stderr_file;
    std::string prefix;
    std::vector<std::string> command;
};

class Player {
public:
    Player(Session& session, std::string prefix) : session_(session), prefix_(std::move(prefix)) {}

    // 0 or 1, as main() returns.
    int play(const std::vector<Step>& steps);

private:
    void run(const Step& step);
    void report(bool passed, const std::string& reason);
    void start_check(const std::string& name);
    std::string show_transcript() const;

    // Waits until `found` (position and length of a match in the output from cursor_ on) says so.
    template <typename Found>
    void wait_for(Found found, const std::string& what);

    void do_check(const std::string& name);
    void do_timeout(const std::string& seconds) { limit_ = std::atof(seconds.c_str()); }
    void do_expect(const std::string& text);
    void do_match(const std::string& pattern);
    void do_absent(const std::string& text);
    void do_idle(const std::string& seconds);
    void do_send(const std::string& text) { session_.type(unescape(text), deadline()); }
    void do_guest(const std::string& command);
    void do_host(const std::string& command);
    void do_signal(const std::string& name);
    void do_exit(const std::string& status);
    void do_killed(const std::string& name);
    void do_terminal(const std::string& how);

    double deadline() const { return Session::now() + limit_; }

    struct Command {
        const char* word;
        void (Player::*run)(const std::string&);
    };
    static const Command kCommands[];

    Session& session_;
    const std::string prefix_;
    std::string check_;  // the one that is going on; empty: none
    double check_start_ = 0;
    double limit_ = 30;
    std::size_t cursor_ = 0;    // how far the output has been matched
    std::string guest_output_;  // of the last guest command
    std::string host_output_;   // of the last host command
};

const Player::Command Player::kCommands[] = {
    {"check", &Player::do_check},       {"timeout", &Player::do_timeout}, {"expect", &Player::do_expect},
    {"match", &Player::do_match},       {"absent", &Player::do_absent},   {"idle", &Player::do_idle},
    {"send", &Player::do_send},         {"guest", &Player::do_guest},     {"host", &Player::do_host},
    {"signal", &Player::do_signal},     {"exit", &Player::do_exit},       {"killed", &Player::do_killed},
    {"terminal", &Player::do_terminal},
};

std::string describe_status(int status) {
    if (WIFEXITED(status)) return "ended with status " + std::to_string(WEXITSTATUS(status));
    return std::string("was killed by SIG") + sigabbrev_np(WTERMSIG(status));
}

int signal_number(const std::string& name) {
    for (int number = 1; number < 32; ++number) {
        const char* abbreviation = sigabbrev_np(number);
        if (abbreviation != nullptr && name == abbreviation) return number;
    }
    throw Mistake("no such signal: " + name);
}

template <typename Found>
void Player::wait_for(Found found, const std::string& what) {
    const double until = deadline();
    for (;;) {
        std::size_t position = 0;
        std::size_t length = 0;
        if (found(session_.output().c_str() + cursor_, position, length)) {
            cursor_ += position + length;
            return;
        }
        const bool was_over = session_.ended();
        if (!session_.read_more(until) || was_over) {
            const char* why = session_.ended() ? "the program ended before " : "in time there was no ";
            throw Failure(why + what);
        }
    }
}

void Player::do_check(const std::string& name) {
    if (!check_.empty()) report(true, {});
    start_check(name);
}

void Player::do_expect(const std::string& text) {
    const std::string wanted = unescape(text);
    const auto found = [&](const char* output, std::size_t& position, std::size_t& length) {
        const char* at = std::strstr(output, wanted.c_str());
        if (at == nullptr) return false;
        position = static_cast<std::size_t>(at - output);
        length = wanted.size();
        return true;
    };
    wait_for(found, '"' + text + '"');
}

void Player::do_match(const std::string& pattern) {
    regex_t compiled;
    if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NEWLINE) != 0) throw Mistake("bad expression");
    const auto found = [&](const char* output, std::size_t& position, std::size_t& length) {
        regmatch_t match{};
        if (regexec(&compiled, output, 1, &match, 0) != 0) return false;
        position = static_cast<std::size_t>(match.rm_so);
        length = static_cast<std::size_t>(match.rm_eo - match.rm_so);
        return true;
    };
    try {
        wait_for(found, "match for " + pattern);
    } catch (...) {
        regfree(&compiled);
        throw;
    }
    regfree(&compiled);
}

void Player::do_absent(const std::string& text) {
    if (session_.output().find(unescape(text)) != std::string::npos)
        throw Failure("there was \"" + text + '"');
}

void Player::do_idle(const std::string& seconds) {
    const double until = Session::now() + std::atof(seconds.c_str());
    while (Session::now() < until && !session_.ended()) session_.read_more(until);
    if (session_.ended()) throw Failure("the program " + describe_status(session_.wait_end(until)));
}

// The markers are typed in pieces, so that the echo of the command is none.
void Player::do_guest(const std::string& command) {
    session_.type("echo 'begin'-; " + command + "; echo 'end'-$?\r", deadline());
    do_expect("begin-");
    const std::size_t begin = cursor_;
    do_match("end-[0-9]+");
    const std::string seen = session_.output().substr(begin, cursor_ - begin);
    const std::size_t end = seen.rfind("end-");
    guest_output_ = printable(seen.substr(0, end));
    guest_output_.erase(0, guest_output_.find_first_not_of('\n'));
    guest_output_.erase(guest_output_.find_last_not_of('\n') + 1);
    const int status = std::atoi(seen.c_str() + end + 4);
    if (status != 0) throw Failure("in the guest, status " + std::to_string(status) + ": " + command);
}

void Player::do_host(const std::string& command) {
    setenv("PID", std::to_string(session_.pid()).c_str(), 1);
    setenv("OUTPUT", guest_output_.c_str(), 1);
    std::FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "re");
    if (pipe == nullptr) throw Failure("could not run a shell");
    host_output_.clear();
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof(buffer), pipe))
        host_output_.append(buffer, count);
    const int status = pclose(pipe);
    if (status != 0) throw Failure("the host command " + describe_status(status) + ": " + command);
    host_output_.clear();
}

void Player::do_signal(const std::string& name) {
    if (session_.ended() || kill(session_.pid(), signal_number(name)) != 0)
        throw Failure("the program is gone");
}

void Player::do_exit(const std::string& status) {
    const int got = session_.wait_end(deadline());
    if (!WIFEXITED(got) || WEXITSTATUS(got) != std::atoi(status.c_str())) {
        throw Failure("the program " + describe_status(got) + ", not with status " + status);
    }
}

void Player::do_killed(const std::string& name) {
    const int got = session_.wait_end(deadline());
    if (!WIFSIGNALED(got) || WTERMSIG(got) != signal_number(name)) {
        throw Failure("the program " + describe_status(got) + ", not killed by SIG" + name);
    }
}

void Player::do_terminal(const std::string& how) {
    const termios now = session_.settings_now();
    const termios& before = session_.settings_before();
    if (how == "raw") {
        if ((now.c_lflag & (ICANON | ECHO)) != 0) throw Failure("the terminal is not in raw mode");
    } else if (how == "same") {
        const bool same =
            now.c_iflag == before.c_iflag && now.c_oflag == before.c_oflag && now.c_cflag == before.c_cflag &&
            now.c_lflag == before.c_lflag && std::memcmp(now.c_cc, before.c_cc, sizeof(now.c_cc)) == 0 &&
            cfgetispeed(&now) == cfgetispeed(&before) && cfgetospeed(&now) == cfgetospeed(&before);
        if (!same) throw Failure("the terminal's settings are not those from before");
    } else {
        throw Mistake("terminal raw, or terminal same");
    }
}

void Player::run(const Step& step) {
    for (const Command& command : kCommands) {
        if (step.word == command.word) return (this->*command.run)(step.argument);
    }
    throw Mistake("unknown command: " + step.word);
}

void Player::start_check(const std::string& name) {
    check_ = name;
    check_start_ = Session::now();
}

void Player::report(bool passed, const std::string& reason) {
    std::printf("%s %6.1f s  %s%s%s%s\n", passed ? "PASS" : "FAIL", Session::now() - check_start_,
                prefix_.c_str(), check_.c_str(), reason.empty() ? "" : ": ", printable(reason).c_str());
    std::fflush(stdout);
}

// The end of all output, each line marked.
std::string Player::show_transcript() const {
    constexpr std::size_t kMost = 6000;
    std::string text = printable(session_.output());
    if (text.size() > kMost) text = "[...]" + text.substr(text.size() - kMost);
    if (!host_output_.empty()) text += "\n[host] " + printable(host_output_);
    std::string marked = "   | ";
    for (const char c : text) {
        marked += c;
        if (c == '\n') marked += "   | ";
    }
    return marked + '\n';
}

int Player::play(const std::vector<Step>& steps) {
    if (steps.empty() || steps.front().word != "check") throw Mistake("a script begins with a check");
    bool failed = false;
    for (const Step& step : steps) {
        if (failed) {
            if (step.word != "check") continue;
            start_check(step.argument);
            report(false, "not reached");
            continue;
        }
        try {
            run(step);
        } catch (const Failure& failure) {
            failed = true;
            report(false, "line " + std::to_string(step.line) + ": " + failure.what());
            std::fputs(show_transcript().c_str(), stdout);
        }
    }
    if (!failed && !session_.ended()) throw Mistake("a script ends with exit or killed");
    if (!failed) report(true, {});
    return failed ? 1 : 0;
}

Options parse_options(int argc, char** argv) {
    Options options;
    int i = 1;
    for (; i < argc && std::strncmp(argv[i], "--", 2) == 0; i += 2) {
        const std::string name = argv[i];
        if (i + 1 == argc) throw Mistake(name + " needs a value");
        if (name == "--stderr") {
            options.stderr_file = argv[i + 1];
        } else if (name == "--prefix") {
            options.prefix = argv[i + 1];
        } else {
            throw Mistake("unknown option: " + name);
        }
    }
    options.command.assign(argv + i, argv + argc);
    if (options.command.empty())
        throw Mistake("usage: pty_driver [--stderr FILE] [--prefix TEXT] COMMAND... <SCRIPT");
    return options;
}

}  // namespace
}  // namespace trapeze::linux_tests

int main(int argc, char** argv) {
    using namespace trapeze::linux_tests;
    try {
        const Options options = parse_options(argc, argv);
        const std::vector<Step> steps = read_script(std::cin);
        Session session(options.command, options.stderr_file);
        return Player(session, options.prefix).play(steps);
    } catch (const std::runtime_error& error) {
        std::printf("FAIL    0.0 s  pty_driver: %s\n", error.what());
        return 2;
    }
}
