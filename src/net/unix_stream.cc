#include "unix_stream.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace trapeze::net {

UnixStream::~UnixStream() {
    waited_for_ = 0;
    watch();
}

std::optional<std::size_t> UnixStream::send(std::span<const u8> bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t result =
            ::send(fd_.get(), &bytes[sent], bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (result < 0 && errno == EINTR) continue;
        if (result < 0 && errno != EAGAIN) return std::nullopt;
        if (result < 0) {
            wait_for(EPOLLOUT);
            break;
        }
        sent += static_cast<std::size_t>(result);
    }
    return sent;
}

void UnixStream::send_end() {
    (void)::shutdown(fd_.get(), SHUT_WR);
}

bus::Stream::Received UnixStream::receive(std::span<u8> to) {
    ssize_t bytes = 0;
    do {
        bytes = ::recv(fd_.get(), to.data(), to.size(), MSG_DONTWAIT);
    } while (bytes < 0 && errno == EINTR);
    if (bytes > 0) return {.bytes = static_cast<std::size_t>(bytes)};
    if (bytes < 0 && errno == EAGAIN) {
        wait_for(EPOLLIN);
        return {};
    }
    pollfd both{.fd = fd_.get(), .events = 0, .revents = 0};
    const bool hung_up = ::poll(&both, 1, 0) > 0 && (both.revents & (POLLHUP | POLLERR)) != 0;
    return {.state = bytes < 0 || hung_up ? State::Gone : State::Ended};
}

void UnixStream::wait_for(u32 events) {
    waited_for_ |= events;
    watch();
}

void UnixStream::watch() {
    if (watched_ == waited_for_) return;
    if (watched_ != 0) loop_.unwatch(fd_.get());
    watched_ = 0;
    if (waited_for_ != 0 && loop_.watch(fd_.get(), waited_for_, [this](u32 events) { ready(events); }))
        watched_ = waited_for_;
}

// The user may end the stream in any of its calls, so there is only one; the other side comes with the next
// turn of the loop. Errors are news for whoever waits.
void UnixStream::ready(u32 events) {
    constexpr u32 kEither = EPOLLHUP | EPOLLERR;
    if ((waited_for_ & EPOLLIN) != 0 && (events & (EPOLLIN | kEither)) != 0) {
        waited_for_ &= ~u32{EPOLLIN};
        watch();
        return user_->stream_readable();
    }
    waited_for_ &= ~u32{EPOLLOUT};
    watch();
    user_->stream_writable();
}

}  // namespace trapeze::net
