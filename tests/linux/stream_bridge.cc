// What stands at the other end of the program's sockets in test systems: copies between its terminal, which
// pty_driver plays scripts on, and a socket.
//
// usage: stream_bridge listen PATH
//            one peer that connects to PATH; ends when it hangs up
//        stream_bridge run TERMINAL_FD RELAY_FD PATH COMMAND [ARGUMENT]...
//            runs the command with two connected sockets that have these numbers: the first is the
//            terminal's, the second that of whoever connects to PATH. Ends as the command does
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>

#include "connection.h"

namespace {

int listen_at(const std::string& path) {
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = unix_address(path);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener, 1) != 0) {
        give_up("could not listen at " + path);
    }
    return listener;
}

void raw_terminal() {
    termios settings{};
    if (tcgetattr(STDIN_FILENO, &settings) != 0) return;
    cfmakeraw(&settings);
    tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

// False when `from` has ended.
bool copy(int from, int to) {
    char bytes[4096];
    const ssize_t count = read(from, bytes, sizeof(bytes));
    for (ssize_t done = 0; done < count;) {
        const ssize_t written = write(to, bytes + done, static_cast<std::size_t>(count - done));
        if (written <= 0) return false;
        done += written;
    }
    return count > 0;
}

// A socket of the program's, and where it leads; -1: nowhere yet.
struct Line {
    int program;
    int in;
    int out;
};

// Copies until the program hangs up on the first line. `listener` fills the second.
void bridge(std::array<Line, 2> lines, int listener) {
    for (;;) {
        pollfd fds[] = {{lines[0].program, POLLIN, 0},
                        {lines[0].in, POLLIN, 0},
                        {lines[1].program, POLLIN, 0},
                        {lines[1].in, POLLIN, 0},
                        {lines[1].in < 0 ? listener : -1, POLLIN, 0}};
        // What comes before somebody has connected is kept in the socket.
        if (lines[1].in < 0) fds[2].fd = -1;
        poll(fds, std::size(fds), -1);
        if (fds[0].revents != 0 && !copy(lines[0].program, lines[0].out)) return;
        if (fds[1].revents != 0 && !copy(lines[0].in, lines[0].program)) lines[0].in = -1;
        if (fds[2].revents != 0 && !copy(lines[1].program, lines[1].out)) lines[1].program = -1;
        if (fds[3].revents != 0 && !copy(lines[1].in, lines[1].program)) {
            close(lines[1].in);
            lines[1].in = lines[1].out = -1;
        }
        if (fds[4].revents != 0)
            lines[1].in = lines[1].out = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    }
}

int run(int terminal_fd, int relay_fd, const std::string& path, char** command) {
    int terminal[2], relay[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, terminal) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, relay) != 0) {
        give_up("no sockets");
    }
    const int listener = listen_at(path);
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(terminal[1], terminal_fd);
        dup2(relay[1], relay_fd);
        execvp(command[0], command);
        _exit(127);
    }
    close(terminal[1]);
    close(relay[1]);
    raw_terminal();
    bridge({{{terminal[0], STDIN_FILENO, STDOUT_FILENO}, {relay[0], -1, -1}}}, listener);
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 3 && argv[1] == std::string("listen")) {
        raw_terminal();
        const int peer = accept4(listen_at(argv[2]), nullptr, nullptr, SOCK_CLOEXEC);
        bridge({{{peer, STDIN_FILENO, STDOUT_FILENO}, {-1, -1, -1}}}, -1);
        return 0;
    }
    if (argc >= 6 && argv[1] == std::string("run"))
        return run(std::atoi(argv[2]), std::atoi(argv[3]), argv[4], argv + 5);
    give_up("unknown: " + std::string(argc > 1 ? argv[1] : ""));
}
