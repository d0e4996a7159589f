#include "stream_port.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "ports.h"
#include "trapeze/base/log.h"

namespace trapeze::net {
namespace {

constexpr u64 kNsPerMs = 1'000'000;
// After a failure to accept that is not the peer's doing: no descriptors left.
constexpr u64 kAcceptRetryNs = 1'000'000'000;
constexpr std::size_t kLengthBytes = 4;
// What is read at once: several frames, or the largest one.
constexpr std::size_t kIncomingBytes = 2 * (kLengthBytes + bus::kMostFrameBytes);

}  // namespace

StreamPort::StreamPort(EventLoop& loop, const StreamConfig& config)
    : loop_(loop), config_(config), incoming_(kIncomingBytes) {}

Result<std::unique_ptr<StreamPort>> StreamPort::create(EventLoop& loop, const StreamConfig& config) {
    std::unique_ptr<StreamPort> self(new StreamPort(loop, config));
    TRY(self->start());
    return self;
}

StreamPort::~StreamPort() {
    loop_.cancel(retry_);
    watch(-1, 0);
    if (listening_) loop_.unwatch(listener_.get());
    if (config_.server && !config_.address.path.empty()) ::unlink(config_.address.path.c_str());
}

// --- Connections -------------------------------------------------------------------------------------------

Result<> StreamPort::start() {
    if (config_.server) {
        listener_ = TRY(listen_on(config_.address));
        make_prompt(listener_.get());
        return listen();
    }
    if (config_.reconnect_ms != 0) {
        connect_again();
        return {};
    }
    connected(TRY(connect_to(config_.address)));
    return {};
}

Result<> StreamPort::listen() {
    TRY(loop_.watch(listener_.get(), EPOLLIN, [this](u32) { accept(); }));
    listening_ = true;
    return {};
}

void StreamPort::listen_again() {
    if (const Result<> listened = listen(); !listened) print_warning(listened.error().message());
}

// The listener is not looked at while there is a peer: the next one waits in its queue.
void StreamPort::accept() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid() && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) return;
    loop_.unwatch(listener_.get());
    listening_ = false;
    if (fd.valid()) return connected(std::move(fd));
    retry_ = loop_.call_after(kAcceptRetryNs, [this] {
        retry_ = TimerId::None;
        listen_again();
    });
}

void StreamPort::connected(Fd fd) {
    fd_ = std::move(fd);
    connecting_ = false;
    make_prompt(fd_.get());
    update();
}

void StreamPort::disconnected(const char* why) {
    print_note(fmt::format("network: {}: {}", config_.address.text(), why));
    watch(-1, 0);
    fd_.reset();
    begin_ = end_ = 0;
    outgoing_.clear();
    written_ = 0;
    receiver_full_ = false;
    if (config_.server) {
        listen_again();
    } else if (config_.reconnect_ms != 0) {
        connect_later();
    }
    // What it has is lost from now on.
    if (std::exchange(output_waits_, false) && receiver_ != nullptr) receiver_->send_ready();
}

void StreamPort::connect_later() {
    retry_ = loop_.call_after(config_.reconnect_ms * kNsPerMs, [this] {
        retry_ = TimerId::None;
        connect_again();
    });
}

void StreamPort::connect_again() {
    Result<Fd> fd = begin_connect_to(config_.address);
    if (!fd) return connect_later();
    fd_ = *std::move(fd);
    connecting_ = true;
    watch(fd_.get(), EPOLLOUT);
}

void StreamPort::connect_decided() {
    watch(-1, 0);
    if (connect_result(fd_.get()) == 0) return connected(std::move(fd_));
    fd_.reset();
    connecting_ = false;
    connect_later();
}

// --- Frames ------------------------------------------------------------------------------------------------

void StreamPort::set_receiver(bus::NetReceiver* receiver) {
    receiver_ = receiver;
    update();
}

bool StreamPort::send(const bus::NetFrame& frame) {
    if (!fd_.valid() || connecting_) return true;  // an unplugged cable
    if (written_ < outgoing_.size()) {
        output_waits_ = true;
        return false;
    }
    const u32 length = htonl(frame.bytes);
    const std::span<const u8> front(reinterpret_cast<const u8*>(&length), sizeof length);
    const std::span<const iovec> pieces = pieces_.gather(front, frame);
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    const ssize_t bytes = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (bytes < 0 && errno == EAGAIN) {
        output_waits_ = true;
        update();
        return false;
    }
    if (bytes < 0) return true;  // the end of the connection, which is noticed in reading
    std::size_t skip = static_cast<std::size_t>(bytes);
    if (skip == kLengthBytes + frame.bytes) return true;
    outgoing_.clear();
    written_ = 0;
    for (const iovec& piece : pieces) {
        const std::size_t gone = std::min(skip, piece.iov_len);
        const auto* rest = static_cast<const u8*>(piece.iov_base);
        outgoing_.insert(outgoing_.end(), rest + gone, rest + piece.iov_len);
        skip -= gone;
    }
    update();
    return true;
}

// False: the connection has ended.
bool StreamPort::write_waiting() {
    while (written_ < outgoing_.size()) {
        const ssize_t bytes =
            ::send(fd_.get(), &outgoing_[written_], outgoing_.size() - written_, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (bytes < 0) return errno == EAGAIN || errno == EINTR;
        written_ += static_cast<std::size_t>(bytes);
    }
    outgoing_.clear();
    written_ = 0;
    return true;
}

void StreamPort::serve(u32 events) {
    if (connecting_) return connect_decided();
    if ((events & EPOLLOUT) != 0) {
        if (!write_waiting()) return disconnected("the connection is broken");
        if (outgoing_.empty() && std::exchange(output_waits_, false)) receiver_->send_ready();
    }
    if ((events & ~u32{EPOLLOUT}) != 0) return read_stream();
    update();
}

void StreamPort::read_stream() {
    if (begin_ != 0) std::memmove(incoming_.data(), &incoming_[begin_], end_ - begin_);
    end_ -= std::exchange(begin_, std::size_t{0});
    const ssize_t bytes = ::recv(fd_.get(), &incoming_[end_], incoming_.size() - end_, MSG_DONTWAIT);
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (bytes <= 0) return disconnected("the peer has gone");
    end_ += static_cast<std::size_t>(bytes);
    receiver_full_ = !deliver_frames();
    if (receiver_ != nullptr) receiver_->receive_end();
    update();
}

bool StreamPort::deliver_frames() {
    if (receiver_ == nullptr) begin_ = end_;
    while (end_ - begin_ >= kLengthBytes) {
        u32 length = 0;
        std::memcpy(&length, &incoming_[begin_], sizeof length);
        length = ntohl(length);
        if (length == 0 || length > bus::kMostFrameBytes) {
            disconnected("the peer has lost count of its bytes");
            return true;
        }
        if (end_ - begin_ < kLengthBytes + length) return true;
        if (!receiver_->receive({}, std::span(incoming_).subspan(begin_ + kLengthBytes, length)))
            return false;
        begin_ += kLengthBytes + length;
    }
    return true;
}

void StreamPort::receiver_ready() {
    if (!receiver_full_) return;
    receiver_full_ = !deliver_frames();
    receiver_->receive_end();
    update();
}

void StreamPort::update() {
    if (!fd_.valid() || connecting_) return;
    u32 events = 0;
    if (receiver_ != nullptr && !receiver_full_) events |= EPOLLIN;
    if (written_ < outgoing_.size() || output_waits_) events |= EPOLLOUT;
    watch(fd_.get(), events);
}

// The one descriptor that is not the listener.
void StreamPort::watch(int fd, u32 events) {
    if (fd == watched_ && events == watched_events_) return;
    if (watched_ >= 0 && watched_events_ != 0) loop_.unwatch(watched_);
    watched_ = fd;
    watched_events_ = 0;
    if (events != 0 && loop_.watch(fd, events, [this](u32 ready) { serve(ready); })) watched_events_ = events;
}

std::string StreamPort::describe() const {
    return fmt::format("type=stream,addr={}{}{}", config_.address.text(), config_.server ? ",server=on" : "",
                       fd_.valid() && !connecting_ ? "" : ",disconnected");
}

Result<std::unique_ptr<bus::NetPort>> open_stream(const StreamConfig& config, EventLoop& loop) {
    return StreamPort::create(loop, config);
}

}  // namespace trapeze::net
