// A pseudo-terminal as the host end of a character device.
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>

#include <cerrno>

#include "stream_port.h"

namespace trapeze::chardev {
namespace {

// How often to look whether somebody has opened the other end: the kernel has no event for that.
constexpr u64 kPollNs = 200'000'000;

class PtyPort final : public StreamPort {
public:
    PtyPort(EventLoop& loop, Fd master) : StreamPort(loop), master_(std::move(master)) { look(); }
    ~PtyPort() override = default;

private:
    void peer_gone(Fd) override { look_later(); }

    void look_later() {
        loop_.call_after(kPollNs, [this, weak = std::weak_ptr<StreamPort*>(self_)] {
            if (const auto alive = weak.lock()) look();
        });
    }

    // The master reports a hang-up as long as nobody has the other end open.
    void look() {
        pollfd state{master_.get(), 0, 0};
        ::poll(&state, 1, 0);
        Fd copy;
        if ((state.revents & POLLHUP) == 0) copy.reset(fcntl(master_.get(), F_DUPFD_CLOEXEC, 3));
        if (copy.valid()) {
            attach(std::move(copy));
        } else {
            look_later();
        }
    }

    const Fd master_;
};

}  // namespace

Result<std::unique_ptr<Backend>> open_pty(EventLoop& loop, std::string& name) {
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char path[128] = {};
    if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), path, sizeof(path)) != 0) {
        return fail_errno(errno, "could not create a pseudo-terminal");
    }
    // Opened and closed once: only then does the master report that nobody is there.
    Fd slave(::open(path, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave.valid()) return fail_errno(errno, "could not open '{}'", path);
    termios settings{};
    if (::tcgetattr(slave.get(), &settings) == 0) {
        ::cfmakeraw(&settings);
        ::tcsetattr(slave.get(), TCSANOW, &settings);
    }
    slave.reset();
    fcntl(master.get(), F_SETFL, fcntl(master.get(), F_GETFL) | O_NONBLOCK);
    name = path;
    return std::make_unique<PtyPort>(loop, std::move(master));
}

}  // namespace trapeze::chardev
