#include "frame_port.h"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

#include "tap_offloads.h"
#include "trapeze/base/log.h"

namespace trapeze::net {
namespace {

constexpr unsigned kMostFrames = 64;  // of one turn

}  // namespace

FramePort::FramePort(EventLoop& loop, Fd fd, Format format, std::string description)
    : loop_(loop),
      fd_(std::move(fd)),
      format_(format),
      description_(std::move(description)),
      incoming_(bus::kMostFrameBytes) {}

FramePort::~FramePort() {
    watch(0);
}

void FramePort::accept_offloads(u32 offloads) {
    if (format_.offloads != 0) set_tap_offloads(fd_.get(), offloads & format_.offloads);
}

void FramePort::set_receiver(bus::NetReceiver* receiver) {
    receiver_ = receiver;
    watch(receiver != nullptr ? u32{EPOLLIN} : 0);
}

// A frame that the kernel refuses is lost: the guest has made it wrong, or the interface is down.
bool FramePort::send(const bus::NetFrame& frame) {
    const std::span<const u8> header(reinterpret_cast<const u8*>(&frame.offload), sizeof frame.offload);
    const std::span<const iovec> pieces =
        pieces_.gather(format_.header ? header : std::span<const u8>{}, frame);
    while (::writev(fd_.get(), pieces.data(), static_cast<int>(pieces.size())) < 0) {
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return true;
        output_waits_ = true;
        watch(watched_ | EPOLLOUT);
        return false;
    }
    return true;
}

void FramePort::serve(u32 events) {
    if ((events & EPOLLOUT) != 0 && output_waits_) {
        output_waits_ = false;
        watch(watched_ & ~u32{EPOLLOUT});
        receiver_->send_ready();
    }
    if ((events & ~u32{EPOLLOUT}) != 0) read_frames();
}

void FramePort::read_frames() {
    for (unsigned frames = 0; frames < kMostFrames && incoming_bytes_ == 0; ++frames) {
        iovec pieces[] = {{&offload_, sizeof offload_}, {incoming_.data(), incoming_.size()}};
        const iovec* first = format_.header ? pieces : pieces + 1;
        const ssize_t bytes = ::readv(fd_.get(), first, format_.header ? 2 : 1);
        const std::size_t header = format_.header ? sizeof offload_ : 0;
        if (bytes < 0) {
            if (errno == EINTR || errno == ECONNREFUSED) continue;  // what was sent has not arrived
            // With other errors there will never be anything.
            if (errno != EAGAIN) stop_listening(std::strerror(errno));
            break;
        }
        if (bytes <= static_cast<ssize_t>(header)) continue;
        incoming_bytes_ = static_cast<std::size_t>(bytes) - header;
        if (!deliver()) watch(watched_ & ~u32{EPOLLIN});
    }
    receiver_->receive_end();
}

void FramePort::stop_listening(const char* why) {
    print_warning(fmt::format("network: {}: {}", description_, why));
    watch(0);
}

// The frame in incoming_. False: there is no room.
bool FramePort::deliver() {
    if (!receiver_->receive(offload_, std::span(incoming_).first(incoming_bytes_))) return false;
    incoming_bytes_ = 0;
    return true;
}

void FramePort::receiver_ready() {
    if (incoming_bytes_ == 0 || !deliver()) return;
    receiver_->receive_end();
    watch(watched_ | EPOLLIN);
}

void FramePort::watch(u32 events) {
    if (events == watched_) return;
    if (watched_ != 0) loop_.unwatch(fd_.get());
    watched_ = 0;
    if (events != 0 && loop_.watch(fd_.get(), events, [this](u32 ready) { serve(ready); })) watched_ = events;
}

}  // namespace trapeze::net
