#include "fd_port.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "trapeze/base/log.h"

namespace trapeze::chardev {
namespace {

constexpr std::size_t kLargestRead = 4096;

// How often a background job looks whether it has become the foreground one.
constexpr u64 kForegroundPollNs = 500'000'000;

}  // namespace

Result<std::unique_ptr<FdPort>> FdPort::create(EventLoop& loop, int in, Fd out, const std::string& what,
                                               RawTerminal terminal) {
    std::unique_ptr<FdPort> port(new FdPort(loop, in, std::move(terminal)));
    // Devices expect to hear of room on the loop thread.
    const auto tell_receiver = [weak = std::weak_ptr<FdPort*>(port->self_)] {
        if (const auto self = weak.lock(); self && (*self)->receiver_ != nullptr)
            (*self)->receiver_->send_ready();
    };
    port->output_ =
        TRY(OutputQueue::start(std::move(out), what, [&loop, tell_receiver] { loop.post(tell_receiver); }));
    return port;
}

FdPort::FdPort(EventLoop& loop, int in, RawTerminal terminal)
    : loop_(loop),
      in_(in),
      is_terminal_(in >= 0 && ::isatty(in) != 0),
      pollable_(in >= 0 && loop.can_watch(in)),
      terminal_(std::move(terminal)),
      ended_(in < 0) {}

FdPort::~FdPort() {
    stop_watching();
}

EventLoop::Task FdPort::while_alive(void (FdPort::*task)()) {
    return [weak = std::weak_ptr<FdPort*>(self_), task] {
        if (const auto self = weak.lock()) ((*self)->*task)();
    };
}

void FdPort::set_receiver(bus::CharReceiver* receiver) {
    receiver_ = receiver;
    receiver_told_ = false;
    if (receiver == nullptr) {
        stop_watching();
    } else {
        receiver_ready();  // later, as the receiver may still be under construction
    }
}

void FdPort::receiver_ready() {
    if (in_ >= 0 && !update_posted_.exchange(true)) loop_.post(while_alive(&FdPort::update_input));
}

void FdPort::update_input() {
    update_posted_.store(false);
    if (receiver_ != nullptr && !std::exchange(receiver_told_, true)) receiver_->peer_changed(true);
    if (ended_ || receiver_ == nullptr || receiver_->receive_capacity() == 0) {
        stop_watching();
    } else if (!may_read()) {
        wait_for_foreground();
    } else if (!pollable_) {
        read_input();  // a file or the like: always ready
    } else if (!watching_) {
        const auto watched = loop_.watch(in_, EPOLLIN, [this](u32) { read_input(); });
        watching_ = watched.has_value();
        if (!watched) {
            print_warning(fmt::format("no console input: {}", watched.error().message()));
            end_input();
        }
    }
}

void FdPort::read_input() {
    u8 buffer[kLargestRead];
    const std::size_t room =
        receiver_ == nullptr ? 0 : std::min(receiver_->receive_capacity(), std::size(buffer));
    if (room == 0) {
        stop_watching();
        return;
    }
    if (!may_read()) {
        wait_for_foreground();
        return;
    }
    const ssize_t count = ::read(in_, buffer, room);
    if (count > 0) {
        receiver_->receive({buffer, static_cast<std::size_t>(count)});
        if (!pollable_) receiver_ready();
    } else if (count == 0) {
        end_input();
    } else if (errno != EINTR && errno != EAGAIN) {
        // EIO: the terminal was hung up. EBADF: standard input was closed before we started.
        if (errno != EIO && errno != EBADF) {
            print_warning(Error::from_errno("no more console input", errno).message());
        }
        end_input();
    } else if (!pollable_) {
        receiver_ready();
    }
}

void FdPort::stop_watching() {
    if (watching_) loop_.unwatch(in_);
    watching_ = false;
}

// Reading now would stop the process (SIGTTIN), and the keys typed belong to another job anyway.
void FdPort::wait_for_foreground() {
    stop_watching();
    if (waiting_for_foreground_) return;
    waiting_for_foreground_ = true;
    loop_.call_after(kForegroundPollNs, [weak = std::weak_ptr<FdPort*>(self_)] {
        const auto self = weak.lock();
        if (!self) return;
        (*self)->waiting_for_foreground_ = false;
        (*self)->update_input();
    });
}

void FdPort::end_input() {
    ended_ = true;
    stop_watching();
}

}  // namespace trapeze::chardev
