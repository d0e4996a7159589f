#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace trapeze::linux_tests {
namespace {

// The result of a system call that has to work.
int must(int result, const char* what) {
    if (result < 0) throw Failure(std::string(what) + ": " + std::strerror(errno));
    return result;
}

[[noreturn]] void run_program(const std::vector<std::string>& command, int terminal,
                              const std::string& stderr_file) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    ioctl(terminal, TIOCSCTTY, 0);
    const int error_fd =
        stderr_file.empty() ? terminal : open(stderr_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(terminal, STDIN_FILENO);
    dup2(terminal, STDOUT_FILENO);
    dup2(error_fd, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    dprintf(STDERR_FILENO, "pty_driver: could not run %s: %s\n", argv[0], std::strerror(errno));
    _exit(127);
}

int timeout_ms(double deadline) {
    return static_cast<int>(std::clamp((deadline - Session::now()) * 1000 + 1, 0.0, 1e8));
}

}  // namespace

double Session::now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Session::Session(const std::vector<std::string>& command, const std::string& stderr_file) {
    master_ = must(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "posix_openpt");
    must(grantpt(master_), "grantpt");
    must(unlockpt(master_), "unlockpt");
    char name[64];
    must(-ptsname_r(master_, name, sizeof(name)), "ptsname");
    slave_ = must(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC), name);
    const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
    must(ioctl(slave_, TIOCSWINSZ, &size), "TIOCSWINSZ");
    must(tcgetattr(slave_, &before_), "tcgetattr");

    pid_ = must(fork(), "fork");
    if (pid_ == 0) run_program(command, slave_, stderr_file);
    pidfd_ = must(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)), "pidfd_open");
    must(fcntl(master_, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
}

Session::~Session() {
    if (pid_ > 0 && !ended()) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    for (const int fd : {master_, slave_, pidfd_}) {
        if (fd >= 0) close(fd);
    }
}

void Session::take_output() {
    char buffer[4096];
    for (;;) {
        const ssize_t count = read(master_, buffer, sizeof(buffer));
        if (count <= 0) return;
        std::replace(buffer, buffer + count, '\0', '?');
        output_.append(buffer, std::remove(buffer, buffer + count, '\r'));
        if (static_cast<std::size_t>(count) < sizeof(buffer)) return;
    }
}

bool Session::read_more(double deadline) {
    const std::size_t before = output_.size();
    take_output();
    while (output_.size() == before && !ended()) {
        pollfd fds[] = {{master_, POLLIN, 0}, {pidfd_, POLLIN, 0}};
        const int ready = poll(fds, 2, timeout_ms(deadline));
        take_output();
        if ((fds[1].revents & POLLIN) != 0) {
            int status = 0;
            must(waitpid(pid_, &status, 0), "waitpid");
            status_ = status;
            take_output();
            return true;
        }
        if (ready == 0) break;
    }
    return output_.size() != before;
}

int Session::wait_end(double deadline) {
    while (!ended()) {
        if (!read_more(deadline) && now() >= deadline) throw Failure("the program did not end in time");
    }
    return *status_;
}

void Session::type(std::string_view bytes, double deadline) {
    while (!bytes.empty()) {
        const ssize_t count = write(master_, bytes.data(), bytes.size());
        if (count > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd fds[] = {{master_, POLLIN | POLLOUT, 0}};
            if (poll(fds, 1, timeout_ms(deadline)) == 0)
                throw Failure("the program does not read what is typed");
            take_output();
        } else {
            throw Failure(std::string("could not type: ") + std::strerror(errno));
        }
    }
}

termios Session::settings_now() const {
    termios settings{};
    must(tcgetattr(slave_, &settings), "tcgetattr");
    return settings;
}

}  // namespace trapeze::linux_tests
