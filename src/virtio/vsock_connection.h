// One connection of the socket device: what flows, and by which credit (5.10.6.3 "Buffer Space Management").
#pragma once

#include <string>

#include "trapeze/virtio/vsock.h"
#include "vsock_format.h"

namespace trapeze::virtio {

class Vsock::Connection final : private bus::StreamUser {
public:
    // `asked`: the guest did, and is answered; otherwise it is asked.
    Connection(Vsock& owner, Key key, std::unique_ptr<bus::Stream> stream, bool asked);

    const Key& key() const { return key_; }
    bool queued = false;  // in Vsock::queued_

    void set_guest_credit(const vsock::Header& packet) {
        guest_buffer_ = packet.buf_alloc;
        guest_forwarded_ = packet.fwd_cnt;
    }
    // What the guest says. False: it makes no sense, or the connection is at its end, and is to be reset.
    [[nodiscard]] bool take(const vsock::Header& packet, std::span<const u8> payload);
    // Whether there may be something to tell the guest.
    bool has_news() const { return owed_ != 0 || can_receive(); }
    // The most urgent of it; `packet.len` bytes are put into `payload`, which has room for a byte at least.
    // False: nothing, after all.
    [[nodiscard]] bool tell(vsock::Header& packet, std::span<u8> payload);
    // Whether the guest has heard of it.
    bool known() const { return known_; }

private:
    // What has to be said, most urgent first.
    enum Owed : u32 {
        kOweRequest = 1 << 0,
        kOweResponse = 1 << 1,
        kOweShutdown = 1 << 2,
        kOweCreditRequest = 1 << 3,
        kOweCreditUpdate = 1 << 4,
    };

    // bus::StreamUser
    void stream_readable() override;
    void stream_writable() override;

    bool take_data(std::span<const u8> bytes);
    bool take_shutdown(u32 flags);
    bool established();
    // What waits, to the host. False: the connection is broken, or both sides are through.
    bool flush();
    void forwarded(std::size_t bytes);
    // False: both sides are through.
    bool settle_shutdown();

    vsock::Op choose_op(vsock::Header& packet, std::span<u8> payload);
    u32 receive(std::span<u8> payload);
    // What the guest has room for.
    u32 credit() const;
    bool can_receive() const;
    void owe(Owed what);

    Vsock& owner_;
    const Key key_;
    const std::unique_ptr<bus::Stream> stream_;
    u32 owed_ = 0;
    bool established_;
    bool known_;
    bool readable_ = true;     // the host may have sent something
    bool host_ended_ = false;  // it sends nothing more
    u32 host_flags_ = 0;       // what the guest is told of that
    u32 guest_flags_ = 0;      // what the guest does not do any more
    bool end_sent_ = false;    // the host knows

    // From the guest: what it has sent, what the host has taken, how much of that the guest knows.
    u32 received_ = 0;
    u32 forwarded_ = 0;
    u32 told_forwarded_ = 0;
    std::string waiting_;        // for the host; at most kBufferBytes, besides a line of our own
    std::size_t own_bytes_ = 0;  // of that line in waiting_

    // To the guest: what it was sent, and what it says of its buffer.
    u32 sent_ = 0;
    u32 guest_forwarded_ = 0;
    u32 guest_buffer_ = 0;
};

}  // namespace trapeze::virtio
