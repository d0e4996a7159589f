// A descriptor that keeps frames apart: an interface of the host's kernel, or a datagram socket.
#pragma once

#include <memory>
#include <vector>

#include "pieces.h"
#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/bus/net_port.h"
namespace trapeze::net {

class FramePort final : public bus::NetPort {
public:
    // How the other end wants its frames.
    struct Format {
        bool header = false;  // each after a NetOffload
        u32 offloads = 0;     // what may be left to do then; of a tap device
    };

    // `fd` does not block. `description` is what describe() returns.
    FramePort(EventLoop& loop, Fd fd, Format format, std::string description);
    ~FramePort() override;

    u32 send_offloads() const override { return format_.offloads; }
    u32 receive_offloads() const override { return format_.offloads; }
    void accept_offloads(u32 offloads) override;
    bool send(const bus::NetFrame& frame) override;
    void set_receiver(bus::NetReceiver* receiver) override;
    void receiver_ready() override;
    std::string describe() const override { return description_; }

private:
    void serve(u32 events);
    // Reads frames until there is none, or no room, or it is the turn of others.
    void read_frames();
    bool deliver();
    void stop_listening(const char* why);
    void watch(u32 events);

    EventLoop& loop_;
    const Fd fd_;
    const Format format_;
    const std::string description_;
    bus::NetReceiver* receiver_ = nullptr;
    u32 watched_ = 0;
    bool output_waits_ = false;  // the receiver is to send again
    bus::NetOffload offload_;    // of the frame in incoming_
    std::vector<u8> incoming_;
    std::size_t incoming_bytes_ = 0;  // 0: none waits for room
    Pieces pieces_;
};

}  // namespace trapeze::net
