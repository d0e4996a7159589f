// The two ends of a network cable between a device and the host: Ethernet frames, without their checksum. The
// host end is in net/.
//
// All calls in both directions are made on one thread, that of the device's loop, on which the host end lives
// too; none of them blocks. Each end may call the other from within a call.
#pragma once

#include <span>
#include <string>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::bus {

// What the sender has left to others to do about a frame. The layout is that of struct virtio_net_hdr (VIRTIO
// 1.2, 5.1.6) without num_buffers, which Linux's tap devices share.
struct NetOffload {
    static constexpr u8 kNeedsChecksum =
        1;                               // flags: the checksum at csum_start + csum_offset is not complete
    static constexpr u8 kDataValid = 2;  // received: the checksums have been looked at
    static constexpr u8 kGsoNone = 0;    // gso_type: one segment
    static constexpr u8 kGsoTcpV4 = 1;
    static constexpr u8 kGsoTcpV6 = 4;
    static constexpr u8 kGsoEcn = 0x80;  // as well

    u8 flags = 0;
    u8 gso_type = kGsoNone;
    u16 header_bytes = 0;  // of the headers that each segment repeats; a hint
    u16 gso_size = 0;      // bytes of payload in a segment
    u16 csum_start = 0;
    u16 csum_offset = 0;
};
static_assert(sizeof(NetOffload) == 10);

// What may be left to do, as bits.
namespace net_offload {
inline constexpr u32 kChecksum = 1;  // the following need it
inline constexpr u32 kTso4 = 2;
inline constexpr u32 kTso6 = 4;
inline constexpr u32 kEcn = 8;  // with either of these
}  // namespace net_offload

// The largest frame: 64 KiB of IP, and a header with a VLAN tag.
inline constexpr u32 kMostFrameBytes = 65535 + 18;

// A frame in pieces. Others may write to the bytes at any time: who decides by them copies them first.
struct NetFrame {
    NetOffload offload;
    std::span<const std::span<const u8>> parts;
    u32 bytes = 0;  // of all parts; 1 to kMostFrameBytes
};

// Implemented by devices.
class NetReceiver {
public:
    virtual ~NetReceiver() = default;
    // A frame for the guest. False: there is no room; the port keeps what it likes to keep, and hears
    // NetPort::receiver_ready().
    virtual bool receive(const NetOffload& offload, std::span<const u8> frame) = 0;
    // After the last of some receive(): the guest may be told.
    virtual void receive_end() = 0;
    // The port has room again after it refused a frame. Never from within send().
    virtual void send_ready() = 0;
};

// Implemented by host back ends.
class NetPort {
public:
    virtual ~NetPort() = default;

    // Bits of net_offload: of what send() takes, and of what can come to receive().
    virtual u32 send_offloads() const { return 0; }
    virtual u32 receive_offloads() const { return 0; }
    // The bits of receive_offloads() that may come from now on; none before the first call.
    virtual void accept_offloads(u32 /*offloads*/) {}

    // Takes a frame from the guest, or loses it as networks may. False: not now; NetReceiver::send_ready()
    // follows.
    virtual bool send(const NetFrame& frame) = 0;
    // After the last of some send().
    virtual void send_end() {}

    // The one receiver; nullptr detaches it. Until there is one, frames are lost.
    virtual void set_receiver(NetReceiver* receiver) = 0;
    // The receiver has room again after it refused a frame.
    virtual void receiver_ready() = 0;

    // One line for monitors: "user,net=10.0.2.0/24".
    virtual std::string describe() const = 0;
    // More of it, as whole lines: connections, rules. May be empty.
    virtual std::string details() const { return {}; }
    // Rules as of -netdev user,hostfwd=RULE; for removal without the guest's end.
    virtual Result<> add_host_forward(const std::string& /*rule*/) { return fail("it is not of type user"); }
    virtual Result<> remove_host_forward(const std::string& /*rule*/) {
        return fail("it is not of type user");
    }
};

}  // namespace trapeze::bus
