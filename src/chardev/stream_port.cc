#include "stream_port.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace trapeze::chardev {
namespace {

constexpr std::size_t kLargestRead = 4096;

// A peer that has stopped sending gets this long to read the answers, and the receiver to make room for what
// one that has gone left behind.
constexpr u64 kDrainNs = 1'000'000'000;

// Never raises SIGPIPE on a socket; a pseudo-terminal's master never does.
ssize_t write_some(int fd, std::string_view bytes) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0 || errno != ENOTSOCK) return count;
    return ::write(fd, bytes.data(), bytes.size());
}

}  // namespace

StreamPort::~StreamPort() {
    StreamPort::flush(kDrainNs);
    if (watched_ >= 0) loop_.unwatch(watched_);
}

// --- Any thread --------------------------------------------------------------------------------------------

std::size_t StreamPort::send(std::span<const u8> bytes) {
    std::size_t taken = 0;
    {
        LockGuard lock(mutex_);
        if (!fd_.valid() || broken_) return bytes.size();
        taken = std::min(bytes.size(), kCapacity - queue_.size());
        queue_.append(reinterpret_cast<const char*>(bytes.data()), taken);
        if (taken < bytes.size()) starved_ = true;
    }
    post_update();
    return taken;
}

void StreamPort::receiver_ready() {
    post_update();
}

void StreamPort::post_update() {
    if (update_posted_.exchange(true)) return;
    loop_.post([weak = std::weak_ptr<StreamPort*>(self_)] {
        if (const auto self = weak.lock()) (*self)->update();
    });
}

bool StreamPort::connected() const {
    LockGuard lock(mutex_);
    return fd_.valid();
}

// --- Event-loop thread -------------------------------------------------------------------------------------

void StreamPort::set_receiver(bus::CharReceiver* receiver) {
    receiver_ = receiver;
    told_connected_ = false;
    post_update();  // later, as the receiver may still be under construction
}

bool StreamPort::flush(u64 timeout_ns) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
    while (!write_output()) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd waiting{-1, POLLOUT, 0};
        {
            LockGuard lock(mutex_);
            waiting.fd = fd_.get();
        }
        ::poll(&waiting, 1, static_cast<int>(left.count()));
    }
    return true;
}

void StreamPort::attach(Fd fd) {
    {
        LockGuard lock(mutex_);
        fd_ = std::move(fd);
        queue_.clear();
        broken_ = false;
    }
    ++connection_;
    draining_ = hung_up_ = false;
    post_update();
}

Fd StreamPort::release() {
    if (watched_ >= 0) loop_.unwatch(watched_);
    watched_ = -1;
    hung_up_ = false;
    Fd fd;
    bool starved = false;
    {
        LockGuard lock(mutex_);
        fd = std::move(fd_);
        queue_.clear();
        starved = std::exchange(starved_, false);
    }
    tell_receiver(false);
    // What waits for room may go on: from now on everything is taken and lost.
    if (starved && receiver_ != nullptr) receiver_->send_ready();
    return fd;
}

void StreamPort::detach() {
    release();
}

void StreamPort::finish() {
    peer_gone(release());
}

void StreamPort::tell_receiver(bool connected) {
    if (receiver_ == nullptr || told_connected_ == connected) return;
    told_connected_ = connected;
    receiver_->peer_changed(connected);
}

bool StreamPort::wants_input() {
    return !draining_ && receiver_ != nullptr && receiver_->receive_capacity() != 0;
}

void StreamPort::update() {
    update_posted_.store(false);
    if (!connected()) return;
    tell_receiver(true);
    const bool all_written = write_output();
    bool room = false;
    {
        LockGuard lock(mutex_);
        if (starved_ && queue_.size() <= kCapacity / 2) {
            starved_ = false;
            room = true;
        }
    }
    // Without the lock: the device takes its own and sends.
    if (room && receiver_ != nullptr) receiver_->send_ready();
    if (hung_up_) {
        hang_up();
        return;
    }
    if (draining_ && all_written) {
        finish();
        return;
    }
    // A hang-up is reported even if nothing is asked for.
    watch((wants_input() ? u32{EPOLLIN} : 0) | (all_written ? 0 : u32{EPOLLOUT}));
}

void StreamPort::watch(u32 events) {
    int fd = -1;
    {
        LockGuard lock(mutex_);
        fd = fd_.get();
    }
    if (watched_ == fd && watched_events_ == events) return;
    if (watched_ >= 0) loop_.unwatch(watched_);
    watched_ = -1;
    const auto watched = loop_.watch(fd, events, [this](u32 happened) {
        if ((happened & EPOLLIN) != 0) read_input();
        if ((happened & (EPOLLHUP | EPOLLERR)) != 0 && watched_ >= 0) {
            hang_up();
        } else {
            update();
        }
    });
    if (!watched) {
        finish();
        return;
    }
    watched_ = fd;
    watched_events_ = events;
}

// Whatever the peer sent last comes before the end, if the receiver takes it in time.
void StreamPort::hang_up() {
    const u64 connection = connection_;
    while (!draining_ && wants_input()) {
        read_input();
        if (connection != connection_ || !connected()) return;
    }
    int unread = 0;
    {
        LockGuard lock(mutex_);
        if (draining_ || ::ioctl(fd_.get(), FIONREAD, &unread) != 0) unread = 0;
    }
    if (unread == 0) {
        finish();
        return;
    }
    // The hang-up is known; epoll would only repeat it.
    if (watched_ >= 0) loop_.unwatch(watched_);
    watched_ = -1;
    if (!std::exchange(hung_up_, true)) wait_for_receiver();
}

void StreamPort::wait_for_receiver() {
    loop_.call_after(
        kDrainNs, [weak = std::weak_ptr<StreamPort*>(self_), connection = connection_, received = received_] {
            const auto self = weak.lock();
            if (!self || (*self)->connection_ != connection || !(*self)->hung_up_) return;
            if ((*self)->received_ != received) {
                (*self)->wait_for_receiver();
            } else {
                (*self)->finish();
            }
        });
}

void StreamPort::read_input() {
    int fd = -1;
    {
        LockGuard lock(mutex_);
        fd = fd_.get();
    }
    u8 buffer[kLargestRead];
    const std::size_t room =
        receiver_ == nullptr ? 0 : std::min(receiver_->receive_capacity(), std::size(buffer));
    if (fd < 0 || room == 0) return;
    const ssize_t count = ::read(fd, buffer, room);
    if (count > 0) {
        received_ += static_cast<u64>(count);
        receiver_->receive({buffer, static_cast<std::size_t>(count)});
        return;
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    draining_ = true;
    if (write_output()) {
        finish();
        return;
    }
    loop_.call_after(kDrainNs, [weak = std::weak_ptr<StreamPort*>(self_), connection = connection_] {
        const auto self = weak.lock();
        if (self && (*self)->draining_ && (*self)->connection_ == connection && (*self)->connected())
            (*self)->finish();
    });
}

bool StreamPort::write_output() {
    LockGuard lock(mutex_);
    while (fd_.valid() && !queue_.empty()) {
        const ssize_t count = write_some(fd_.get(), queue_);
        if (count > 0) {
            queue_.erase(0, static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            return false;
        } else if (count < 0 && errno != EINTR) {
            // The peer may still have sent something, so its end is seen when reading.
            broken_ = true;
            queue_.clear();
        }
    }
    return true;
}

}  // namespace trapeze::chardev
