// -netdev stream and socket: frames on a stream, each after its length in 4 bytes, big-endian.
#pragma once

#include <memory>
#include <vector>

#include "pieces.h"
#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/bus/net_port.h"
#include "trapeze/net/config.h"

namespace trapeze::net {

class StreamPort final : public bus::NetPort {
public:
    static Result<std::unique_ptr<StreamPort>> create(EventLoop& loop, const StreamConfig& config);
    ~StreamPort() override;

    bool send(const bus::NetFrame& frame) override;
    void set_receiver(bus::NetReceiver* receiver) override;
    void receiver_ready() override;
    std::string describe() const override;

private:
    StreamPort(EventLoop& loop, const StreamConfig& config);
    Result<> start();

    // Connections: one at a time.
    void connected(Fd fd);
    void disconnected(const char* why);
    void connect_later();
    void connect_again();
    void connect_decided();
    Result<> listen();
    void listen_again();
    void accept();

    void serve(u32 events);
    bool write_waiting();
    void read_stream();
    // Frames that are there as a whole. False: the receiver has no room.
    bool deliver_frames();
    void update();
    void watch(int fd, u32 events);

    EventLoop& loop_;
    const StreamConfig config_;
    bus::NetReceiver* receiver_ = nullptr;
    Fd listener_;
    bool listening_ = false;
    Fd fd_;                    // the connection
    bool connecting_ = false;  // fd_ is not one yet
    int watched_ = -1;
    u32 watched_events_ = 0;
    TimerId retry_ = TimerId::None;

    std::vector<u8> incoming_;
    std::size_t begin_ = 0;  // of what has not been delivered
    std::size_t end_ = 0;
    bool receiver_full_ = false;
    std::vector<u8> outgoing_;  // the rest of a frame that was sent in part
    std::size_t written_ = 0;   // of outgoing_
    bool output_waits_ = false;
    Pieces pieces_;
};

}  // namespace trapeze::net
