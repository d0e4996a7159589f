#include "trapeze/chardev/backend.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "fd_port.h"

namespace trapeze::chardev {
namespace {

class NullPort final : public Backend {
public:
    std::size_t send(std::span<const u8> bytes) override { return bytes.size(); }
    void set_receiver(bus::CharReceiver*) override {}
    void receiver_ready() override {}
    bool flush(u64) override { return true; }
};

Result<Fd> duplicate(int fd, const std::string& what) {
    // From 3 up: a program started with closed standard streams must not find its output on one of them.
    Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return fail_errno(errno, "could not use {}", what);
    return copy;
}

}  // namespace

Result<std::unique_ptr<Backend>> open_descriptors(EventLoop& loop, int in, int out, const std::string& what) {
    Fd copy = TRY(duplicate(out, what));
    return TRY(FdPort::create(loop, in, std::move(copy), what));
}

Result<std::unique_ptr<Backend>> open_stdio(EventLoop& loop, TerminalSignals signals) {
    const std::string what = "standard output";
    Fd out = TRY(duplicate(STDOUT_FILENO, what));
    RawTerminal terminal = TRY(RawTerminal::enter(STDIN_FILENO, signals));
    return TRY(FdPort::create(loop, STDIN_FILENO, std::move(out), what, std::move(terminal)));
}

Result<std::unique_ptr<Backend>> open_file(EventLoop& loop, const std::string& path, bool append,
                                           const std::string& input_path) {
    Fd in;
    if (!input_path.empty()) {
        in.reset(::open(input_path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        if (!in.valid()) return fail_errno(errno, "could not open '{}'", input_path);
    }
    Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666));
    if (!out.valid()) return fail_errno(errno, "could not open '{}'", path);
    const int input = in.valid() ? in.get() : -1;
    auto port = TRY(FdPort::create(loop, input, std::move(out), fmt::format("'{}'", path)));
    port->keep(std::move(in));
    return port;
}

std::unique_ptr<Backend> open_null() {
    return std::make_unique<NullPort>();
}

}  // namespace trapeze::chardev
