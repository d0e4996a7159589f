// -netdev user: libslirp, a network inside of the program.
//
// libslirp is made for a loop around poll(): it lists its descriptors before (slirp_pollfds_fill) and looks
// at all of them afterwards. turn() is one round of that; settle() makes the list anew after whatever may
// have changed it, once for a batch of frames.
#pragma once

#include <memory>
#include <vector>

#include "frame_queue.h"
#include "guest_relay.h"
#include "poll_set.h"
#include "trapeze/base/event_loop.h"
#include "trapeze/bus/net_port.h"
#include "trapeze/net/config.h"

struct Slirp;
struct SlirpCb;

namespace trapeze::net {

struct SlirpTimer;

class UserPort final : public bus::NetPort {
public:
    // `config` is complete().
    static Result<std::unique_ptr<UserPort>> create(EventLoop& loop, const UserConfig& config);
    ~UserPort() override;
    UserPort(const UserPort&) = delete;
    UserPort& operator=(const UserPort&) = delete;

    u32 send_offloads() const override;
    u32 receive_offloads() const override { return bus::net_offload::kChecksum; }
    bool send(const bus::NetFrame& frame) override;
    void send_end() override { settle(); }
    void set_receiver(bus::NetReceiver* receiver) override { receiver_ = receiver; }
    void receiver_ready() override;
    std::string describe() const override;
    std::string details() const override;
    Result<> add_host_forward(const std::string& rule) override;
    Result<> remove_host_forward(const std::string& rule) override;

private:
    struct Callbacks;  // what libslirp calls

    UserPort(EventLoop& loop, const UserConfig& config, PollSet polls);
    Result<> start();
    Result<> forward(const HostForward& rule);
    Result<> forward(const GuestForward& rule);
    // To the guest.
    void deliver(std::span<const u8> frame);

    void turn();
    void expired(const SlirpTimer& timer);
    void settle();
    void watch_polls(bool on);
    void call_again_in(u32 milliseconds);

    static const SlirpCb kCallbacks;

    EventLoop& loop_;
    const UserConfig config_;
    bus::NetReceiver* receiver_ = nullptr;
    Slirp* slirp_ = nullptr;
    PollSet polls_;
    bool watching_ = false;
    bool socket_is_new_ = false;  // libslirp has made one
    TimerId timer_ = TimerId::None;
    u64 deadline_ns_ = 0;  // of timer_
    std::vector<std::unique_ptr<GuestRelay>> relays_;
    std::vector<u8> outgoing_;  // the frame that libslirp is given
    FrameQueue waiting_;        // for room at the receiver
};

}  // namespace trapeze::net
