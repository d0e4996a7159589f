// A connected socket as a bus::Stream.
#pragma once

#include "trapeze/base/event_loop.h"
#include "trapeze/bus/stream_host.h"

namespace trapeze::net {

class UnixStream final : public bus::Stream {
public:
    // `fd` does not block.
    UnixStream(EventLoop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)) {}
    ~UnixStream() override;

    void set_user(bus::StreamUser& user) override { user_ = &user; }
    std::optional<std::size_t> send(std::span<const u8> bytes) override;
    void send_end() override;
    Received receive(std::span<u8> to) override;

private:
    // Waits for these of EPOLLIN and EPOLLOUT as well.
    void wait_for(u32 events);
    void watch();
    void ready(u32 events);

    EventLoop& loop_;
    const Fd fd_;
    bus::StreamUser* user_ = nullptr;
    u32 waited_for_ = 0;
    u32 watched_ = 0;
};

}  // namespace trapeze::net
