// A socket device between a driver's rings and programs of the host that tests play.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "session_fixture.h"
#include "trapeze/virtio/vsock.h"
#include "vsock_format.h"

namespace trapeze::virtio {

// The host's end of a connection. It outlives the stream that the device has of it.
struct FakePeer {
    std::string received;  // from the guest
    std::size_t room = ~std::size_t{0};
    bool full = false;  // a send() took less than it was given
    bool ended = false;
    bool closed = false;
    bool broken = false;
    std::string to_send;
    bus::Stream::State state = bus::Stream::State::Open;
    bus::StreamUser* user = nullptr;
};

struct FakeStream final : bus::Stream {
    explicit FakeStream(FakePeer& of) : peer(of) {}
    ~FakeStream() override { peer.closed = true; }
    void set_user(bus::StreamUser& user) override { peer.user = &user; }
    std::optional<std::size_t> send(std::span<const u8> bytes) override {
        if (peer.broken) return std::nullopt;
        const std::size_t taken = std::min(bytes.size(), peer.room);
        peer.received.append(reinterpret_cast<const char*>(bytes.data()), taken);
        peer.room -= taken;
        peer.full = taken < bytes.size();
        return taken;
    }
    void send_end() override { peer.ended = true; }
    Received receive(std::span<u8> to) override {
        EXPECT_FALSE(to.empty());
        const std::size_t bytes = std::min(to.size(), peer.to_send.size());
        std::copy_n(peer.to_send.begin(), bytes, to.begin());
        peer.to_send.erase(0, bytes);
        if (bytes != 0) return {.bytes = bytes};
        return {.state = peer.state};
    }
    FakePeer& peer;
};

struct FakeStreams final : bus::StreamHost {
    std::unique_ptr<bus::Stream> connect(u32 port) override {
        const auto found = listeners.find(port);
        if (found == listeners.end()) return nullptr;
        return std::make_unique<FakeStream>(*found->second);
    }
    void set_listener(Listener to) override { listener = std::move(to); }

    std::map<u32, FakePeer*> listeners;
    Listener listener;
};

class VsockTest : public testing::Test {
protected:
    static constexpr u64 kCid = 42;
    static constexpr u32 kGuestPort = 1000, kHostPort = 77;

    VsockTest() {
        auto owned = std::make_unique<FakeStreams>();
        streams = owned.get();
        device = std::make_unique<Vsock>(std::move(owned), kCid);
        session = std::make_unique<DeviceSession>(*device, device->features());
        streams->listeners[kHostPort] = &peer;
    }
    ~VsockTest() override { session.reset(); }

    TestMemory& memory() { return session->memory; }
    SplitDriverRing& ring(u16 n) { return *session->rings[n]; }

    vsock::Header packet(u16 op, u32 flags = 0) const {
        return {.src_cid = kCid,
                .dst_cid = vsock::kHostCid,
                .src_port = kGuestPort,
                .dst_port = kHostPort,
                .type = vsock::kStream,
                .op = op,
                .flags = flags,
                .buf_alloc = guest_buffer,
                .fwd_cnt = guest_forwarded};
    }
    // As it is, with `payload` behind it.
    void send(const vsock::Header& header, std::string_view payload = {}) {
        const u64 at = memory().allocate(sizeof header + payload.size());
        memory().store(at, header);
        for (std::size_t i = 0; i < payload.size(); ++i) memory().store(at + sizeof header + i, payload[i]);
        ring(1).add({{at, static_cast<u32>(sizeof header + payload.size())}});
        device->notified(1);
        while (ring(1).used()) {
        }
    }
    void send(u16 op, u32 flags = 0) { send(packet(op, flags)); }
    void send_data(std::string_view payload) {
        vsock::Header header = packet(vsock::kRw);
        header.len = static_cast<u32>(payload.size());
        send(header, payload);
    }

    void offer(unsigned count, u32 bytes = 4096) {
        for (unsigned i = 0; i < count; ++i) {
            const u64 at = memory().allocate(bytes);
            buffers[ring(0).add({{at, bytes, true}})] = at;
        }
        device->notified(0);
    }
    struct Packet {
        vsock::Header header;
        std::string payload;
        u16 op() const { return header.op; }
    };
    // The next packet that the guest gets; kInvalid: none.
    Packet next() {
        const auto used = ring(0).used();
        if (!used) return {};
        Packet got;
        const u64 at = buffers.at(used->id);
        got.header = memory().load<vsock::Header>(at);
        EXPECT_EQ(used->length, sizeof got.header + u32{got.header.len});
        const auto bytes = memory().bytes(at + sizeof got.header, got.header.len);
        got.payload.assign(bytes.begin(), bytes.end());
        return got;
    }
    u16 next_op() { return next().op(); }
    // By the guest, with an answer.
    void connect() {
        send(vsock::kRequest);
        ASSERT_EQ(next_op(), vsock::kResponse);
    }

    FakePeer peer;
    std::deque<FakePeer> others;  // for tests that need more
    FakeStreams* streams = nullptr;
    std::unique_ptr<Vsock> device;
    std::unique_ptr<DeviceSession> session;
    std::map<u16, u64> buffers;
    u32 guest_buffer = 1 << 18;
    u32 guest_forwarded = 0;
};

}  // namespace trapeze::virtio
