// Ports at descriptors: streams and datagrams, and the pieces that all of them use.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "frame_port.h"
#include "frame_queue.h"
#include "loop_fixture.h"
#include "packets.h"
#include "stream_port.h"
#include "trapeze/net/open.h"

namespace trapeze::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Checksum, CompletesWhatIsThere) {
    const Bytes mac(6, 2);
    for (const std::size_t bytes : {0u, 1u, 2u, 3u, 1459u, 1460u}) {
        const Tcp segment{.source = 1, .destination = 2, .sequence = 3, .data = Bytes(bytes, 0xa5)};
        Bytes frame = tcp(mac, segment, true);
        const bus::NetOffload offload{
            .flags = bus::NetOffload::kNeedsChecksum, .csum_start = 34, .csum_offset = 16};
        EXPECT_TRUE(complete_checksum(offload, frame));
        EXPECT_EQ(frame, tcp(mac, segment)) << bytes;
    }
}

TEST(Checksum, FieldsOutsideAreRefused) {
    Bytes frame(40, 1);
    using bus::NetOffload;
    const auto complete = [&](u16 start, u16 offset) {
        return complete_checksum(
            {.flags = NetOffload::kNeedsChecksum, .csum_start = start, .csum_offset = offset}, frame);
    };
    EXPECT_TRUE(complete(38, 0));
    EXPECT_TRUE(complete(0, 38));
    EXPECT_FALSE(complete(39, 0));
    EXPECT_FALSE(complete(0xffff, 0xffff));
    EXPECT_FALSE(complete(0, 39));
}

TEST(FrameQueue, KeepsTheOrderAndItsSize) {
    FrameQueue queue;
    std::size_t pushed = 0;
    while (queue.push({}, Bytes(1500, static_cast<u8>(pushed)))) ++pushed;
    EXPECT_GT(pushed, FrameQueue::kCapacity / 1600);
    for (std::size_t i = 0; i < 3 * pushed; ++i) {
        const auto take = [&](const bus::NetOffload&, std::span<const u8> frame) {
            return frame.size() == 1500 && frame[7] == static_cast<u8>(i);
        };
        ASSERT_TRUE(queue.pop_if(take)) << i;
        ASSERT_TRUE(queue.push({}, Bytes(1500, static_cast<u8>(pushed + i))));
    }
    EXPECT_FALSE(queue.pop_if([](const auto&...) { return false; }));
    EXPECT_FALSE(queue.empty());
}

struct Pair {
    explicit Pair(int type) {
        int fds[2];
        EXPECT_EQ(::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        ours.reset(fds[0]);
        theirs.reset(fds[1]);
    }
    Fd ours;
    Fd theirs;
};

class PortsTest : public LoopTest {
protected:
    static Bytes frame_of(std::size_t bytes, u8 value) { return Bytes(bytes, value); }
    Bytes read_from(int fd, std::size_t bytes) {
        Bytes got;
        EXPECT_TRUE(run_until([&] {
            u8 buffer[1 << 18];
            const ssize_t count = ::recv(fd, buffer, sizeof buffer, 0);
            if (count > 0) got.insert(got.end(), buffer, buffer + count);
            return got.size() >= bytes;
        }));
        return got;
    }
};

TEST_F(PortsTest, StreamFramesHaveTheirLength) {
    Pair pair(SOCK_STREAM);
    auto port = *StreamPort::create(*loop, {.address = {.fd = pair.ours.release()}});
    port->set_receiver(&receiver);
    EXPECT_TRUE(send(*port, {'a', 'b', 'c'}));
    EXPECT_THAT(read_from(pair.theirs.get(), 7), ElementsAre(0, 0, 0, 3, 'a', 'b', 'c'));

    // Two frames, the second one in pieces.
    const u8 bytes[] = {0, 0, 0, 2, 'x', 'y', 0, 0, 0, 3, 'u', 'v', 'w'};
    for (std::size_t at = 0; at < sizeof bytes; at += 8) {
        ASSERT_GT(::send(pair.theirs.get(), bytes + at, std::min<std::size_t>(8, sizeof bytes - at), 0), 0);
        run_a_while();
    }
    ASSERT_TRUE(run_until([&] { return receiver.frames.size() == 2; }));
    EXPECT_THAT(receiver.take(), ElementsAre('x', 'y'));
    EXPECT_THAT(receiver.take(), ElementsAre('u', 'v', 'w'));
}

TEST_F(PortsTest, StreamWaitsForTheGuest) {
    Pair pair(SOCK_STREAM);
    auto port = *StreamPort::create(*loop, {.address = {.fd = pair.ours.release()}});
    port->set_receiver(&receiver);
    receiver.room = 1;
    const u8 bytes[] = {0, 0, 0, 1, 'x', 0, 0, 0, 1, 'y', 0, 0, 0, 1, 'z'};
    ASSERT_GT(::send(pair.theirs.get(), bytes, sizeof bytes, 0), 0);
    ASSERT_TRUE(run_until([&] { return receiver.frames.size() == 1; }));
    run_a_while();
    EXPECT_THAT(receiver.frames, SizeIs(1));
    receiver.room = 5;
    port->receiver_ready();
    EXPECT_THAT(receiver.frames, SizeIs(3));
}

TEST_F(PortsTest, StreamWaitsForTheHostAndLosesNothing) {
    Pair pair(SOCK_STREAM);
    auto port = *StreamPort::create(*loop, {.address = {.fd = pair.ours.release()}});
    port->set_receiver(&receiver);
    std::size_t sent = 0;
    while (send(*port, frame_of(9000, static_cast<u8>(sent)))) ++sent;
    EXPECT_GT(sent, 0u);
    const Bytes got = read_from(pair.theirs.get(), sent * 9004);
    ASSERT_THAT(got, SizeIs(sent * 9004));
    for (std::size_t i = 0; i < sent; ++i) {
        ASSERT_EQ(get32(got, i * 9004), 9000u);
        ASSERT_EQ(got[i * 9004 + 9003], static_cast<u8>(i));
    }
    EXPECT_TRUE(run_until([&] { return receiver.ready > 0; }));
    EXPECT_TRUE(send(*port, frame_of(100, 1)));
}

TEST_F(PortsTest, StreamPeerThatLiesAboutLengthsIsCutOff) {
    for (const u32 length : {u32{0}, bus::kMostFrameBytes + 1, ~u32{0}}) {
        Pair pair(SOCK_STREAM);
        auto port = *StreamPort::create(*loop, {.address = {.fd = pair.ours.release()}});
        port->set_receiver(&receiver);
        Bytes bytes;
        put32(bytes, length);
        ASSERT_GT(::send(pair.theirs.get(), bytes.data(), bytes.size(), 0), 0);
        u8 byte = 0;
        EXPECT_TRUE(run_until([&] { return ::recv(pair.theirs.get(), &byte, 1, 0) == 0; }));
        EXPECT_THAT(receiver.frames, IsEmpty());
        EXPECT_TRUE(send(*port, frame_of(60, 1)));  // lost
    }
}

TEST_F(PortsTest, StreamClientConnectsAgain) {
    const std::string path = fmt::format("{}/net-{}.sock", testing::TempDir(), ::getpid());
    const SocketAddress address{.path = path};
    auto client = *net::open(StreamConfig{.address = address, .reconnect_ms = 5}, *loop);
    client->set_receiver(&receiver);
    EXPECT_THAT(client->describe(), HasSubstr("disconnected"));
    for (int round = 0; round < 2; ++round) {
        auto server = *net::open(StreamConfig{.address = address, .server = true}, *loop);
        Receiver peer;
        server->set_receiver(&peer);
        ASSERT_TRUE(run_until([&] { return client->describe().find("disconnected") == std::string::npos; }));
        EXPECT_TRUE(send(*client, frame_of(60, 3)));
        EXPECT_TRUE(run_until([&] { return peer.frames.size() == 1; }));
        EXPECT_TRUE(send(*server, frame_of(60, 4)));
        EXPECT_TRUE(run_until([&] { return receiver.frames.size() == 1; }));
        receiver.frames.clear();
        server.reset();
        ASSERT_TRUE(run_until([&] { return client->describe().find("disconnected") != std::string::npos; }));
    }
}

TEST_F(PortsTest, StreamWithoutAPeerFails) {
    const auto port = net::open(StreamConfig{.address = {.path = "/nonexistent/socket"}}, *loop);
    ASSERT_FALSE(port.has_value());
    EXPECT_THAT(port.error().message(), HasSubstr("/nonexistent/socket"));
}

TEST_F(PortsTest, DatagramsAreFrames) {
    Pair pair(SOCK_DGRAM);
    auto port = *net::open(DatagramConfig{.local = {.fd = pair.ours.release()}, .remote = {}}, *loop);
    port->set_receiver(&receiver);
    EXPECT_TRUE(send(*port, {'a', 'b', 'c'}));
    EXPECT_THAT(read_from(pair.theirs.get(), 3), ElementsAre('a', 'b', 'c'));
    receiver.room = 1;
    for (const char* text : {"one", "two", "three"})
        ASSERT_GT(::send(pair.theirs.get(), text, strlen(text), 0), 0);
    run_a_while();
    EXPECT_THAT(receiver.take(), ElementsAre('o', 'n', 'e'));
    receiver.room = 5;
    port->receiver_ready();
    ASSERT_TRUE(run_until([&] { return receiver.frames.size() == 2; }));
    EXPECT_THAT(receiver.frames.back(), SizeIs(5));

    std::size_t sent = 0;
    while (send(*port, frame_of(5000, 1))) ++sent;
    EXPECT_EQ(receiver.ready, 0u);
    (void)read_from(pair.theirs.get(), sent * 5000);
    EXPECT_TRUE(run_until([&] { return receiver.ready == 1; }));
}

// As a tap device with IFF_VNET_HDR has it.
TEST_F(PortsTest, FramesAfterTheirHeader) {
    Pair pair(SOCK_DGRAM);
    FramePort port(*loop, std::move(pair.ours), {.header = true, .offloads = 0}, "test");
    port.set_receiver(&receiver);
    EXPECT_TRUE(send(port, {'a', 'b'}, {.flags = 1, .gso_size = 0x0201, .csum_offset = 0x1234}));
    EXPECT_THAT(read_from(pair.theirs.get(), 12), ElementsAre(1, 0, 0, 0, 1, 2, 0, 0, 0x34, 0x12, 'a', 'b'));
    const u8 bytes[] = {2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 'x'};
    ASSERT_GT(::send(pair.theirs.get(), bytes, sizeof bytes, 0), 0);
    ASSERT_GT(::send(pair.theirs.get(), bytes, 5, 0), 0);  // too short to be anything
    ASSERT_TRUE(run_until([&] { return receiver.frames.size() == 1; }));
    EXPECT_THAT(receiver.take(), ElementsAre('x'));
    EXPECT_EQ(receiver.last_offload.flags, 2);
    EXPECT_EQ(receiver.last_offload.csum_offset, 7);
}

// More pieces than one system call takes.
TEST_F(PortsTest, ManyPieces) {
    Pair pair(SOCK_STREAM);
    auto port = *StreamPort::create(*loop, {.address = {.fd = pair.ours.release()}});
    const u8 byte = 'x';
    const std::vector<std::span<const u8>> parts(1024, std::span(&byte, 1));
    EXPECT_TRUE(port->send({.offload = {}, .parts = parts, .bytes = 1024}));
    EXPECT_THAT(read_from(pair.theirs.get(), 1028), SizeIs(1028));
}

}  // namespace
}  // namespace trapeze::net
