// A guest in a few lines on libslirp's network.
#include "user_port.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include "loop_fixture.h"
#include "packets.h"

namespace trapeze::net {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

sockaddr_in loopback(u16 port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

// A port that nobody uses.
u16 free_port() {
    const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
}

class UserPortTest : public LoopTest {
protected:
    // Keys as of -netdev.
    void open(UserConfig config = {}) {
        ASSERT_TRUE(config.complete().has_value());
        auto created = UserPort::create(*loop, config);
        ASSERT_TRUE(created.has_value()) << created.error().message();
        port = *std::move(created);
        port->set_receiver(&receiver);
        receiver.on_frame = [this](const Bytes& frame) { answer_arp(frame); };
    }

    // Who has 10.0.2.15? Answered when it is safe to.
    void answer_arp(const Bytes& frame) {
        if (get16(frame, 12) != 0x0806 || get16(frame, 20) != 1 || get32(frame, 38) != kGuestIp) return;
        loop->post([this, to = Bytes(frame.begin() + 6, frame.begin() + 12)] {
            send(*port, arp(2, kGuestIp, to, kHostIp));
        });
    }

    // The first frame for which `wanted` is true; what came before it is dropped.
    Bytes expect_frame(const std::function<bool(const Bytes&)>& wanted) {
        Bytes found;
        const bool came = run_until([&] {
            while (!receiver.frames.empty() && found.empty()) {
                if (Bytes frame = receiver.take(); wanted(frame)) found = std::move(frame);
            }
            return !found.empty();
        });
        EXPECT_TRUE(came);
        return found;
    }
    Tcp expect_tcp(const std::function<bool(const Tcp&)>& wanted) {
        const Bytes frame =
            expect_frame([&](const Bytes& bytes) { return is_tcp(bytes) && wanted(parse_tcp(bytes)); });
        return frame.empty() ? Tcp{} : parse_tcp(frame);
    }

    // Learns the gateway's MAC address.
    void find_host() {
        send(*port, arp(1, kGuestIp, Bytes(6, 0), kHostIp));
        const Bytes reply = expect_frame([](const Bytes& frame) {
            return get16(frame, 12) == 0x0806 && get16(frame, 20) == 2 && get32(frame, 28) == kHostIp;
        });
        ASSERT_THAT(reply, SizeIs(testing::Ge(42u)));
        host_mac.assign(reply.begin() + 22, reply.begin() + 28);
    }

    // A connection from the host to a port of the guest: the guest's side of the handshake.
    Fd connect_from_host(u16 host_port, Tcp& peer) {
        Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback(host_port);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        const Tcp syn = expect_tcp([](const Tcp& segment) { return segment.flags == kSyn; });
        peer = {.source = syn.destination,
                .destination = syn.source,
                .sequence = 1000,
                .acknowledged = syn.sequence + 1,
                .flags = kSyn | kAck};
        send(*port, tcp(host_mac, peer));
        expect_tcp([](const Tcp& segment) { return segment.flags == kAck && segment.acknowledged == 1001; });
        peer.flags = kAck;
        peer.sequence = 1001;
        return fd;
    }

    std::string read_all(int fd, std::size_t bytes) {
        std::string text;
        EXPECT_TRUE(run_until([&] {
            char buffer[65536];
            const ssize_t count = ::recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (count > 0) text.append(buffer, static_cast<std::size_t>(count));
            return text.size() >= bytes;
        }));
        return text;
    }

    std::unique_ptr<UserPort> port;
    Bytes host_mac;
};

TEST_F(UserPortTest, HostAnswersArpAndPing) {
    open();
    find_host();
    Bytes echo;
    put32(echo, 0x0800'0000);
    put32(echo, 0x1234'0001);
    put(echo, "some bytes");
    set16(echo, 2, ~plain_sum(echo, 0));
    send(*port, ipv4(host_mac, 1, kGuestIp, kHostIp, echo));
    const Bytes reply =
        expect_frame([](const Bytes& frame) { return get16(frame, 12) == 0x0800 && frame[23] == 1; });
    EXPECT_EQ(reply.at(34), 0);  // echo reply
    EXPECT_EQ(get32(reply, 38), 0x1234'0001u);
    EXPECT_EQ(receiver.last_offload.flags, bus::NetOffload::kDataValid);
    EXPECT_GT(receiver.ends, 0u);
}

TEST_F(UserPortTest, DhcpGivesTheFirstAddress) {
    open({.hostname = "somebody"});
    Bytes bootp;
    put32(bootp, 0x0101'0600);
    put32(bootp, 0xcafe'f00d);
    bootp.resize(28);
    bootp.insert(bootp.end(), kGuestMac, kGuestMac + 6);
    bootp.resize(236);
    put32(bootp, 0x6382'5363);
    for (const int byte : {53, 1, 1, 255}) bootp.push_back(static_cast<u8>(byte));  // DISCOVER
    bootp.resize(300);
    Bytes udp;
    put16(udp, 68);
    put16(udp, 67);
    put16(udp, static_cast<u32>(8 + bootp.size()));
    put16(udp, 0);
    udp.insert(udp.end(), bootp.begin(), bootp.end());
    send(*port, ipv4(broadcast(), 17, 0, 0xffff'ffff, udp));
    const Bytes offer =
        expect_frame([](const Bytes& frame) { return get16(frame, 12) == 0x0800 && frame[23] == 17; });
    EXPECT_EQ(get32(offer, 46), 0xcafe'f00du);
    EXPECT_EQ(get32(offer, 58), kGuestIp);
    EXPECT_THAT(std::string(offer.begin(), offer.end()), HasSubstr("somebody"));
}

TEST_F(UserPortTest, HostForwardLeadsToTheGuestAndBack) {
    const u16 host_port = free_port();
    UserConfig config;
    config.host_forwards.push_back(*parse_host_forward(fmt::format("tcp:127.0.0.1:{}-:80", host_port)));
    open(config);
    find_host();
    Tcp peer;
    const Fd fd = connect_from_host(host_port, peer);
    EXPECT_EQ(peer.source, 80);

    ASSERT_EQ(::send(fd.get(), "hello", 5, MSG_NOSIGNAL), 5);
    const Tcp hello = expect_tcp([](const Tcp& segment) { return !segment.data.empty(); });
    EXPECT_EQ(std::string(hello.data.begin(), hello.data.end()), "hello");
    peer.acknowledged += 5;

    peer.data.assign(32768, 0);
    for (std::size_t i = 0; i < peer.data.size(); ++i) peer.data[i] = static_cast<u8>(i * 7 + i / 256);
    // As drivers with VIRTIO_NET_F_HOST_TSO4 send it.
    send(*port, tcp(host_mac, peer, true),
         {.flags = bus::NetOffload::kNeedsChecksum,
          .gso_type = bus::NetOffload::kGsoTcpV4,
          .header_bytes = 54,
          .gso_size = 1460,
          .csum_start = 34,
          .csum_offset = 16});
    EXPECT_EQ(read_all(fd.get(), 32768), std::string(peer.data.begin(), peer.data.end()));
    EXPECT_THAT(port->details(), HasSubstr("ESTABLISHED"));
}

TEST_F(UserPortTest, HostForwardsComeAndGo) {
    open();
    const u16 host_port = free_port();
    EXPECT_FALSE(port->add_host_forward("tcp:22").has_value());
    ASSERT_TRUE(port->add_host_forward(fmt::format("tcp:127.0.0.1:{}-:22", host_port)).has_value());
    const auto again = port->add_host_forward(fmt::format("tcp:127.0.0.1:{}-:23", host_port));
    ASSERT_FALSE(again.has_value());
    EXPECT_THAT(again.error().message(), HasSubstr("Could not set up host forwarding rule"));
    ASSERT_TRUE(port->remove_host_forward(fmt::format("tcp:127.0.0.1:{}", host_port)).has_value());
    EXPECT_FALSE(port->remove_host_forward(fmt::format("tcp:127.0.0.1:{}", host_port)).has_value());
    EXPECT_TRUE(port->add_host_forward(fmt::format("tcp:127.0.0.1:{}-:22", host_port)).has_value());
}

TEST_F(UserPortTest, GuestForwardConnectsEachTime) {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const u16 host_port = free_port();
    const sockaddr_in address = loopback(host_port);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    UserConfig config;
    config.guest_forwards.push_back(
        *parse_guest_forward(fmt::format("tcp:10.0.2.100:7-tcp:127.0.0.1:{}", host_port)));
    open(config);
    find_host();

    for (u16 round = 0; round < 2; ++round) {
        // The address of the relay is one of libslirp's own, behind the same MAC address.
        Tcp segment{
            .source = static_cast<u16>(5000 + round), .destination = 7, .sequence = 99, .flags = kSyn};
        const auto send_segment = [&] {
            Bytes frame = tcp(host_mac, segment);
            // To 10.0.2.100 instead: the checksums change by the difference of the addresses.
            frame[33] = 100;
            set16(frame, 24, 0);
            const Bytes header(frame.begin() + 14, frame.begin() + 34);
            set16(frame, 24, ~plain_sum(header, 0));
            const u32 sum = static_cast<u16>(~get16(frame, 50)) + 98u;
            set16(frame, 50, ~((sum & 0xffff) + (sum >> 16)));
            send(*port, frame);
        };
        send_segment();
        const Tcp reply = expect_tcp(
            [&](const Tcp& got) { return got.flags == (kSyn | kAck) && got.destination == segment.source; });
        segment = {.source = segment.source,
                   .destination = 7,
                   .sequence = 100,
                   .acknowledged = reply.sequence + 1,
                   .flags = kAck,
                   .data = {'p', 'i', 'n', 'g'}};
        send_segment();
        Fd server;
        ASSERT_TRUE(run_until([&] {
            server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
            return server.valid();
        }));
        EXPECT_EQ(read_all(server.get(), 4), "ping");
        ASSERT_EQ(::send(server.get(), "pong", 4, MSG_NOSIGNAL), 4);
        const Tcp pong = expect_tcp([](const Tcp& got) { return !got.data.empty(); });
        EXPECT_EQ(std::string(pong.data.begin(), pong.data.end()), "pong");
        server.reset();
        expect_tcp([](const Tcp& got) { return (got.flags & kFin) != 0; });
    }
}

TEST_F(UserPortTest, FramesWaitForAGuestThatHasNoRoom) {
    open();
    find_host();
    receiver.room = 0;
    send(*port, arp(1, kGuestIp, Bytes(6, 0), kHostIp));
    send(*port, arp(1, kGuestIp, Bytes(6, 0), kHostIp));
    EXPECT_THAT(receiver.frames, IsEmpty());
    receiver.room = 1;
    port->receiver_ready();
    EXPECT_THAT(receiver.frames, SizeIs(1));
    receiver.room = 8;
    port->receiver_ready();
    EXPECT_THAT(receiver.frames, SizeIs(2));
    find_host();
}

TEST_F(UserPortTest, RestrictedGuestsReachNothing) {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const u16 host_port = free_port();
    const sockaddr_in address = loopback(host_port);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    open({.restricted = true});
    find_host();
    const Tcp syn{.source = 5000, .destination = host_port, .sequence = 1, .flags = kSyn};
    send(*port, tcp(host_mac, syn));
    run_a_while();
    EXPECT_FALSE(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid());
    port.reset();
    open();
    find_host();
    send(*port, tcp(host_mac, syn));
    EXPECT_TRUE(
        run_until([&] { return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).valid(); }));
}

// Whatever a guest sends, nothing happens but that it is lost.
TEST_F(UserPortTest, NonsenseIsHarmless) {
    open();
    find_host();
    u32 seed = 1;
    const auto random = [&] { return seed = seed * 1664525 + 1013904223, seed >> 8; };
    const Bytes sound = tcp(host_mac, {.source = 5000, .destination = 9, .sequence = 1, .flags = kSyn});
    for (unsigned i = 0; i < 5000; ++i) {
        Bytes frame = sound;
        for (unsigned n = 0; n < 4; ++n)
            frame[14 + random() % (frame.size() - 14)] = static_cast<u8>(random());
        frame.resize(1 + random() % (frame.size() + 20));
        const bus::NetOffload offload{.flags = static_cast<u8>(random() & 1),
                                      .csum_start = static_cast<u16>(random()),
                                      .csum_offset = static_cast<u16>(random())};
        send(*port, frame, i % 2 == 0 ? offload : bus::NetOffload{});
    }
    run_a_while();
    find_host();
}

TEST_F(UserPortTest, ForwardingToATakenPortFails) {
    const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const u16 host_port = free_port();
    const sockaddr_in address = loopback(host_port);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    UserConfig config;
    config.host_forwards.push_back(*parse_host_forward(fmt::format("tcp:127.0.0.1:{}-:22", host_port)));
    ASSERT_TRUE(config.complete().has_value());
    const auto created = UserPort::create(*loop, config);
    ASSERT_FALSE(created.has_value());
    EXPECT_THAT(created.error().message(), HasSubstr("ould not set up host forwarding rule"));
    EXPECT_THAT(created.error().message(), HasSubstr("Address already in use"));
}

}  // namespace
}  // namespace trapeze::net
