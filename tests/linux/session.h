// A program on a pseudoterminal of its own, as its controlling terminal and in the foreground.
#pragma once

#include <termios.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::linux_tests {

// What a check found wrong, or a host call that should have worked.
struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Session {
public:
    // Starts `command`. Its standard error goes to the terminal too, unless a file is named.
    Session(const std::vector<std::string>& command, const std::string& stderr_file);
    // Kills the program if it still runs.
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // All that has come out so far, without carriage returns, so that lines end as in files; NUL bytes show
    // as '?'.
    const std::string& output() const { return output_; }
    int pid() const { return pid_; }
    bool ended() const { return status_.has_value(); }

    // Waits for output that shows, or the end of the program, but not beyond `deadline` (now()). False:
    // nothing new.
    bool read_more(double deadline);
    // Waits for the end; the status as waitpid() has it.
    int wait_end(double deadline);
    // Types. Takes in output meanwhile, as the program may stop reading while we do not read.
    void type(std::string_view bytes, double deadline);

    termios settings_now() const;
    const termios& settings_before() const { return before_; }

    // Seconds of a monotonic clock.
    static double now();

private:
    void take_output();

    int master_ = -1;
    int slave_ = -1;  // kept open: so the settings can be read when the program is gone
    int pid_ = -1;
    int pidfd_ = -1;
    termios before_{};
    std::string output_;
    std::optional<int> status_;
};

}  // namespace trapeze::linux_tests
