// Expectations from VIRTIO 1.2, 5.10, and Linux's net/vmw_vsock/virtio_transport_common.c.
#include "trapeze/virtio/vsock.h"

#include <gmock/gmock.h>

#include "vsock_fixture.h"

namespace trapeze::virtio {
namespace {

using namespace vsock;

TEST_F(VsockTest, ShowsTheGuestsAddress) {
    u64 cid = 0;
    device->read_config(0, {reinterpret_cast<u8*>(&cid), sizeof cid});
    EXPECT_EQ(cid, kCid);
    u32 half = 1;
    device->read_config(4, {reinterpret_cast<u8*>(&half), sizeof half});
    EXPECT_EQ(half, 0u);
    device->read_config(~u32{0}, {reinterpret_cast<u8*>(&half), sizeof half});
    EXPECT_EQ(static_cast<u32>(device->id()), 19u);
    EXPECT_EQ(device->queue_sizes().size(), 3u);
}

TEST_F(VsockTest, TheGuestConnects) {
    offer(4);
    send(kRequest);
    const Packet answer = next();
    EXPECT_EQ(answer.op(), kResponse);
    EXPECT_EQ(u64{answer.header.src_cid}, kHostCid);
    EXPECT_EQ(u64{answer.header.dst_cid}, kCid);
    EXPECT_EQ(u32{answer.header.src_port}, kHostPort);
    EXPECT_EQ(u32{answer.header.dst_port}, kGuestPort);
    EXPECT_EQ(u16{answer.header.type}, kStream);
    EXPECT_EQ(u32{answer.header.buf_alloc}, Vsock::kBufferBytes);
    send_data("hello");
    EXPECT_EQ(peer.received, "hello");
    peer.to_send = "and back";
    peer.user->stream_readable();
    const Packet data = next();
    EXPECT_EQ(data.op(), kRw);
    EXPECT_EQ(data.payload, "and back");
    EXPECT_EQ(u32{data.header.fwd_cnt}, 5u);
    EXPECT_EQ(next_op(), kInvalid);
}

TEST_F(VsockTest, NobodyListens) {
    offer(2);
    Header request = packet(kRequest);
    request.dst_port = 78;
    send(request);
    const Packet answer = next();
    EXPECT_EQ(answer.op(), kRst);
    EXPECT_EQ(u32{answer.header.src_port}, 78u);
    EXPECT_EQ(u32{answer.header.dst_port}, kGuestPort);
}

TEST_F(VsockTest, TheHostConnects) {
    offer(8);
    streams->listener(std::make_unique<FakeStream>(peer), 22);
    const Packet request = next();
    EXPECT_EQ(request.op(), kRequest);
    EXPECT_EQ(u32{request.header.dst_port}, 22u);
    const u32 port = request.header.src_port;
    EXPECT_GE(port, 1u << 30);
    peer.to_send = "early";
    Header answer = packet(kResponse);
    answer.src_port = 22;
    answer.dst_port = port;
    send(answer);
    EXPECT_EQ(peer.received, fmt::format("OK {}\n", port));
    EXPECT_EQ(next().payload, "early");
    // The line is none of the guest's bytes.
    Header data = packet(kRw);
    data.src_port = 22;
    data.dst_port = port;
    data.len = 3;
    send(data, "abc");
    data.op = kCreditRequest;
    data.len = 0;
    send(data);
    const Packet credit = next();
    EXPECT_EQ(credit.op(), kCreditUpdate);
    EXPECT_EQ(u32{credit.header.fwd_cnt}, 3u);
    // Another one gets another port.
    FakePeer& second = others.emplace_back();
    streams->listener(std::make_unique<FakeStream>(second), 22);
    EXPECT_NE(u32{next().header.src_port}, port);
    session->stop();
    EXPECT_TRUE(second.closed);
}

TEST_F(VsockTest, TheGuestRefuses) {
    offer(2);
    streams->listener(std::make_unique<FakeStream>(peer), 22);
    Header answer = packet(kRst);
    answer.src_port = 22;
    answer.dst_port = next().header.src_port;
    send(answer);
    EXPECT_TRUE(peer.closed);
    EXPECT_EQ(peer.received, "");
    EXPECT_EQ(next_op(), kInvalid);
}

TEST_F(VsockTest, ConnectionsOfTheHostBeforeADriverIsThere) {
    session->stop();
    streams->listener(std::make_unique<FakeStream>(peer), 22);
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, SlowHosts) {
    offer(16);
    connect();
    peer.room = 10;
    const std::string most(Vsock::kBufferBytes, 'x');
    send_data(most.substr(0, 20));
    EXPECT_EQ(peer.received.size(), 10u);
    send_data(most.substr(0, Vsock::kBufferBytes - 10));
    EXPECT_EQ(next_op(), kInvalid) << "little has been taken, so no news of credit";
    peer.room = 30'000;
    peer.user->stream_writable();
    EXPECT_EQ(peer.received.size(), 30'010u);
    const Packet update = next();
    EXPECT_EQ(update.op(), kCreditUpdate);
    EXPECT_EQ(u32{update.header.fwd_cnt}, 30'010u);
    peer.room = ~std::size_t{0};
    peer.user->stream_writable();
    EXPECT_EQ(peer.received.size(), Vsock::kBufferBytes + 10u);
    EXPECT_EQ(u32{next().header.fwd_cnt}, Vsock::kBufferBytes + 10u);
}

TEST_F(VsockTest, MoreThanTheCredit) {
    offer(4);
    connect();
    peer.room = 0;
    send_data(std::string(Vsock::kBufferBytes, 'x'));
    EXPECT_FALSE(peer.closed);
    send_data("y");
    EXPECT_EQ(next_op(), kRst);
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, TheGuestsCredit) {
    guest_buffer = 10;
    offer(8);
    connect();
    peer.to_send = "0123456789abcdef";
    peer.user->stream_readable();
    EXPECT_EQ(next().payload, "0123456789");
    EXPECT_EQ(next_op(), kCreditRequest);
    send(kCreditUpdate);
    EXPECT_EQ(next_op(), kInvalid) << "nothing has changed";
    guest_forwarded = 4;
    send(kCreditUpdate);
    EXPECT_EQ(next().payload, "abcd");
    EXPECT_EQ(next_op(), kCreditRequest);
    guest_forwarded = 1000;  // more than there was
    send(kCreditUpdate);
    EXPECT_EQ(next_op(), kInvalid);
    guest_forwarded = 14;
    guest_buffer = 100;
    send(kCreditUpdate);
    EXPECT_EQ(next().payload, "ef");
}

TEST_F(VsockTest, PacketsFitTheGuestsBuffers) {
    offer(1);
    connect();
    peer.to_send = std::string(150, 'z');
    offer(3, sizeof(Header) + 60);
    peer.user->stream_readable();
    EXPECT_EQ(next().payload.size(), 60u);
    EXPECT_EQ(next().payload.size(), 60u);
    EXPECT_EQ(next().payload.size(), 30u);
}

TEST_F(VsockTest, WithoutBuffersEverythingWaits) {
    send(kRequest);
    peer.to_send = "data";
    EXPECT_EQ(next_op(), kInvalid);
    offer(1);
    EXPECT_EQ(next_op(), kResponse);
    offer(1);
    EXPECT_EQ(next().payload, "data");
}

TEST_F(VsockTest, TheGuestCloses) {
    offer(4);
    connect();
    peer.room = 2;
    send_data("last");
    send(kShutdown, kNoSend | kNoReceive);
    EXPECT_FALSE(peer.ended) << "some of it has not been taken";
    EXPECT_EQ(next_op(), kInvalid);
    peer.room = 100;
    peer.user->stream_writable();
    EXPECT_EQ(peer.received, "last");
    EXPECT_TRUE(peer.ended);
    EXPECT_TRUE(peer.closed);
    EXPECT_EQ(next_op(), kRst);
}

TEST_F(VsockTest, TheGuestClosesOneHalf) {
    offer(8);
    connect();
    send(kShutdown, kNoSend);
    EXPECT_TRUE(peer.ended);
    EXPECT_FALSE(peer.closed);
    peer.to_send = "answer";
    peer.user->stream_readable();
    EXPECT_EQ(next().payload, "answer");
    send_data("more");  // after all
    EXPECT_EQ(next_op(), kRst);
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, TheGuestDoesNotReceive) {
    offer(4);
    connect();
    send(kShutdown, kNoReceive);
    peer.to_send = "unheard";
    peer.user->stream_readable();
    EXPECT_EQ(next_op(), kInvalid);
    send_data("still heard");
    EXPECT_EQ(peer.received, "still heard");
    send(kShutdown, kNoSend);
    EXPECT_EQ(next_op(), kRst);
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, TheHostCloses) {
    offer(8);
    connect();
    peer.to_send = "bye";
    peer.state = bus::Stream::State::Gone;
    peer.user->stream_readable();
    EXPECT_EQ(next().payload, "bye");
    const Packet end = next();
    EXPECT_EQ(end.op(), kShutdown);
    EXPECT_EQ(u32{end.header.flags}, kNoSend | kNoReceive);
    send(kRst);
    EXPECT_TRUE(peer.closed);
    EXPECT_EQ(next_op(), kInvalid);
}

TEST_F(VsockTest, TheHostClosesOneHalf) {
    offer(8);
    connect();
    peer.state = bus::Stream::State::Ended;
    peer.user->stream_readable();
    const Packet end = next();
    EXPECT_EQ(end.op(), kShutdown);
    EXPECT_EQ(u32{end.header.flags}, kNoSend);
    send_data("answer");
    EXPECT_EQ(peer.received, "answer");
    send(kShutdown, kNoSend | kNoReceive);
    EXPECT_EQ(next_op(), kRst);
}

TEST_F(VsockTest, TheHostBreaksDown) {
    offer(4);
    connect();
    peer.broken = true;
    send_data("lost");
    EXPECT_EQ(next_op(), kRst);
    EXPECT_TRUE(peer.closed);
    peer = {};
    connect();
    peer.room = 0;
    send_data("waits");
    peer.broken = true;
    peer.user->stream_writable();
    EXPECT_EQ(next_op(), kRst);
}

TEST_F(VsockTest, UnknownConnections) {
    offer(16);
    for (const u16 op : {kInvalid, kResponse, kShutdown, kRw, kCreditUpdate, kCreditRequest, Op{99}}) {
        send(op);
        EXPECT_EQ(next_op(), kRst) << op;
    }
    send(kRst);
    EXPECT_EQ(next_op(), kInvalid) << "or they would answer each other forever";
}

TEST_F(VsockTest, WhatMakesNoSenseEndsTheConnection) {
    offer(64);
    Header long_update = packet(kCreditUpdate);
    long_update.len = 1;
    Header too_long = packet(kRw);
    too_long.len = 100;
    for (const Header& bad : {packet(kInvalid), packet(kRequest), packet(kResponse), packet(8),
                              packet(0xffff), long_update, too_long}) {
        peer = {};
        connect();
        send(bad, "0123456789");
        EXPECT_EQ(next_op(), kRst) << u16{bad.op};
        EXPECT_TRUE(peer.closed);
    }
    EXPECT_EQ(session->host.broken, "");
}

TEST_F(VsockTest, StrangeAddresses) {
    offer(8);
    Header odd = packet(kRequest);
    odd.src_cid = kCid + 1;
    send(odd);
    EXPECT_EQ(next_op(), kInvalid) << "this is somebody else";
    odd = packet(kRequest);
    odd.dst_cid = 1;
    send(odd);
    Packet answer = next();
    EXPECT_EQ(answer.op(), kRst);
    EXPECT_EQ(u64{answer.header.src_cid}, 1u);
    odd = packet(kRequest);
    odd.type = 2;  // SOCK_SEQPACKET
    send(odd);
    answer = next();
    EXPECT_EQ(answer.op(), kRst);
    EXPECT_EQ(u16{answer.header.type}, 2u);
    odd = packet(kRequest);
    odd.len = 5;
    send(odd, "hello");
    EXPECT_EQ(next_op(), kRst);
}

TEST_F(VsockTest, ShortPackets) {
    offer(2);
    for (const u32 bytes : {1u, 43u}) {
        const u64 at = memory().allocate(64);
        memory().store(at, packet(kRequest));
        ring(1).add({{at, bytes}});
        device->notified(1);
        EXPECT_TRUE(ring(1).used().has_value());
    }
    ring(1).add({{memory().allocate(64), 64, true}});
    device->notified(1);
    EXPECT_TRUE(ring(1).used().has_value());
    EXPECT_EQ(next_op(), kInvalid);
    EXPECT_EQ(session->host.broken, "");
}

TEST_F(VsockTest, BuffersWithoutRoom) {
    offer(1, sizeof(Header));
    send(kRequest);
    EXPECT_NE(session->host.broken, "");
}

TEST_F(VsockTest, ManyAnswersWait) {
    for (unsigned i = 0; i < 300; ++i) {
        const u64 at = memory().allocate(sizeof(Header));
        memory().store(at, packet(kRw));
        ring(1).add({{at, sizeof(Header)}});
        device->notified(1);
        if (!ring(1).used()) break;
    }
    EXPECT_FALSE(ring(1).used().has_value()) << "nobody takes the answers";
    session->host.again.clear();
    offer(10);
    EXPECT_EQ(next_op(), kRst);
    EXPECT_THAT(session->host.again, testing::Contains(1));
    device->notified(1);
    EXPECT_TRUE(ring(1).used().has_value());
}

TEST_F(VsockTest, ConnectionsAreLimited) {
    for (u32 i = 0; i <= Vsock::kMostConnections; ++i) {
        offer(1);
        Header request = packet(kRequest);
        request.src_port = 5000 + i;
        send(request);
        ASSERT_EQ(next_op(), i < Vsock::kMostConnections ? kResponse : kRst) << i;
    }
    FakePeer& another = others.emplace_back();
    streams->listener(std::make_unique<FakeStream>(another), 22);
    EXPECT_TRUE(another.closed);
}

TEST_F(VsockTest, PackedRings) {
    session->stop();
    TestMemory ram;
    FakeHost host;
    const u64 features = device->features() | feature::kVersion1 | feature::kRingPacked;
    std::vector<std::unique_ptr<PackedDriverRing>> rings;
    Session packed{.features = features, .queues = {}, .host = &host};
    for (const u16 size : device->queue_sizes()) {
        rings.push_back(std::make_unique<PackedDriverRing>(ram, size, features));
        packed.queues.push_back(make_queue(ram.memory, rings.back()->addresses(), features));
    }
    device->start(std::move(packed));
    const u64 request = ram.allocate(sizeof(Header)), answer = ram.allocate(4096);
    ram.store(request, packet(kRequest));
    rings[0]->add({{answer, 4096, true}});
    rings[1]->add({{request, sizeof(Header)}});
    device->notified(1);
    EXPECT_TRUE(rings[1]->used().has_value());
    ASSERT_TRUE(rings[0]->used().has_value());
    EXPECT_EQ(u16{ram.load<Header>(answer).op}, kResponse);
    device->stop([] {});
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, AResetEndsEverything) {
    offer(2);
    connect();
    session->stop();
    EXPECT_TRUE(session->stopped);
    EXPECT_TRUE(peer.closed);
}

TEST_F(VsockTest, ConnectionsTakeTurns) {
    FakePeer& second = others.emplace_back();
    streams->listeners[78] = &second;
    offer(2);
    connect();
    Header request = packet(kRequest);
    request.dst_port = 78;
    send(request);
    ASSERT_EQ(next_op(), kResponse);
    peer.to_send = std::string(10'000, 'a');
    second.to_send = std::string(10'000, 'b');
    peer.user->stream_readable();
    second.user->stream_readable();
    offer(4);
    std::string who;
    for (int i = 0; i < 4; ++i) who += next().payload.at(0);
    EXPECT_TRUE(who == "abab" || who == "baba") << who;
}

}  // namespace
}  // namespace trapeze::virtio
