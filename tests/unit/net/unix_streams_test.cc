// The protocol is that of Firecracker, docs/vsock.md, and of others who have taken it over.
#include "trapeze/net/unix_streams.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "loop_fixture.h"
#include "trapeze/base/sockets.h"

namespace trapeze::net {
namespace {

using State = bus::Stream::State;

struct User final : bus::StreamUser {
    void stream_readable() override { ++readable; }
    void stream_writable() override { ++writable; }
    int readable = 0;
    int writable = 0;
};

class UnixStreamsTest : public LoopTest {
protected:
    UnixStreamsTest() {
        char name[] = "/tmp/unix_streams.XXXXXX";
        directory = ::mkdtemp(name);
        path = directory + "/v";
        auto opened = open_unix_streams(path, *loop);
        EXPECT_TRUE(opened.has_value()) << opened.error().message();
        host = std::move(opened).value();
        host->set_listener([this](std::unique_ptr<bus::Stream> stream, u32 port) {
            stream->set_user(user);
            accepted.push_back(std::move(stream));
            ports.push_back(port);
        });
    }
    ~UnixStreamsTest() override {
        accepted.clear();
        host.reset();
        std::filesystem::remove_all(directory);
    }

    Fd program(const std::string& to) {
        auto fd = connect_to({.path = to});
        EXPECT_TRUE(fd.has_value());
        return std::move(fd).value();
    }
    static void say(const Fd& fd, std::string_view text) {
        EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    // Whether the other end is gone.
    static bool at_end(const Fd& fd) {
        char byte = 0;
        return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0;
    }
    static std::string received(bus::Stream& stream) {
        std::array<u8, 100> bytes{};
        const auto got = stream.receive(bytes);
        return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(got.bytes)};
    }
    static State state(bus::Stream& stream) {
        u8 byte = 0;
        return stream.receive({&byte, 1}).state;
    }
    static std::span<const u8> bytes_of(std::string_view text) {
        return {reinterpret_cast<const u8*>(text.data()), text.size()};
    }

    std::string directory, path;
    std::unique_ptr<bus::StreamHost> host;
    User user;
    std::vector<std::unique_ptr<bus::Stream>> accepted;
    std::vector<u32> ports;
};

TEST_F(UnixStreamsTest, ToWhoListens) {
    EXPECT_EQ(host->connect(5), nullptr);
    const Fd listener = listen_on({.path = path + "_5"}).value();
    const auto stream = host->connect(5);
    ASSERT_NE(stream, nullptr);
    stream->set_user(user);
    const Fd peer(::accept(listener.get(), nullptr, nullptr));
    EXPECT_EQ(stream->send(bytes_of("hello")), 5u);
    char text[6] = {};
    EXPECT_EQ(::recv(peer.get(), text, 5, 0), 5);
    EXPECT_STREQ(text, "hello");
    EXPECT_EQ(received(*stream), "");
    say(peer, "back");
    ASSERT_TRUE(run_until([&] { return user.readable == 1; }));
    run_a_while();
    EXPECT_EQ(user.readable, 1) << "it is told once";
    EXPECT_EQ(received(*stream), "back");
}

TEST_F(UnixStreamsTest, ListenersWithoutRoom) {
    const Fd listener = listen_on({.path = path + "_5"}).value();
    std::vector<std::unique_ptr<bus::Stream>> streams;
    while (streams.size() < 100) {
        auto stream = host->connect(5);
        if (stream == nullptr) break;
        streams.push_back(std::move(stream));
    }
    EXPECT_LT(streams.size(), 100u);
}

TEST_F(UnixStreamsTest, FromTheHost) {
    const Fd peer = program(path);
    say(peer, "CONN");
    run_a_while();
    say(peer, "ECT 4294967295\nand more");
    ASSERT_TRUE(run_until([&] { return !accepted.empty(); }));
    EXPECT_THAT(ports, testing::ElementsAre(4294967295u));
    EXPECT_EQ(received(*accepted[0]), "and more");
    const Fd second = program(path);
    say(second, "CONNECT 0\r\n");
    ASSERT_TRUE(run_until([&] { return accepted.size() == 2; }));
    EXPECT_EQ(ports.back(), 0u);
    accepted.clear();
    EXPECT_TRUE(at_end(peer) && at_end(second));
}

TEST_F(UnixStreamsTest, WhatIsNoRequest) {
    for (const char* line :
         {"CONNECT\n", "CONNECT \n", "CONNECT x\n", "CONNECT 1 \n", "CONNECT -1\n", "CONNECT 4294967296\n",
          "connect 1\n", "\n", "CONNECT 00000000000000000001\n", "a long line without any end to it"}) {
        const Fd peer = program(path);
        say(peer, line);
        EXPECT_TRUE(run_until([&] {
            pollfd end{.fd = peer.get(), .events = 0, .revents = 0};
            return ::poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0;
        })) << line;
    }
    {
        const Fd peer = program(path);
        say(peer, "CONNECT 1");
    }
    run_a_while();
    EXPECT_THAT(accepted, testing::IsEmpty());
}

TEST_F(UnixStreamsTest, TheOldestOfTooManyThatSayNothingIsForgotten) {
    std::vector<Fd> peers;
    for (int i = 0; i < 65; ++i) {
        peers.push_back(program(path));
        run_a_while();
    }
    EXPECT_TRUE(at_end(peers[0]));
    EXPECT_FALSE(at_end(peers[1]));
    say(peers[64], "CONNECT 7\n");
    EXPECT_TRUE(run_until([&] { return !accepted.empty(); }));
}

TEST_F(UnixStreamsTest, SlowPeers) {
    const Fd peer = program(path);
    say(peer, "CONNECT 1\n");
    ASSERT_TRUE(run_until([&] { return !accepted.empty(); }));
    bus::Stream& stream = *accepted[0];
    const std::string much(1 << 20, 'x');
    const std::size_t taken = *stream.send(bytes_of(much));
    EXPECT_LT(taken, much.size());
    run_a_while();
    EXPECT_EQ(user.writable, 0);
    std::string text(taken, ' ');
    EXPECT_EQ(::recv(peer.get(), text.data(), taken, MSG_WAITALL), static_cast<ssize_t>(taken));
    EXPECT_TRUE(run_until([&] { return user.writable == 1; }));
    // Both at once, one after the other.
    while (*stream.send(bytes_of(much)) == much.size()) {
    }
    EXPECT_EQ(received(stream), "");
    say(peer, "y");
    ASSERT_TRUE(run_until([&] { return user.readable == 1; }));
    EXPECT_EQ(user.writable, 1);
}

TEST_F(UnixStreamsTest, Ends) {
    Fd peer = program(path);
    say(peer, "CONNECT 1\n");
    ASSERT_TRUE(run_until([&] { return !accepted.empty(); }));
    bus::Stream& stream = *accepted[0];
    EXPECT_EQ(state(stream), State::Open);
    stream.send_end();
    EXPECT_TRUE(at_end(peer));
    ::shutdown(peer.get(), SHUT_WR);
    EXPECT_TRUE(run_until([&] { return user.readable == 1; }));
    EXPECT_NE(state(stream), State::Open);

    Fd half = program(path);
    say(half, "CONNECT 1\nlast");
    ::shutdown(half.get(), SHUT_WR);
    ASSERT_TRUE(run_until([&] { return accepted.size() == 2; }));
    EXPECT_EQ(received(*accepted[1]), "last");
    EXPECT_EQ(state(*accepted[1]), State::Ended);
    EXPECT_EQ(accepted[1]->send(bytes_of("still")), 5u);
    half = Fd();
    EXPECT_EQ(state(*accepted[1]), State::Gone);
    EXPECT_EQ(accepted[1]->send(bytes_of("no more")), std::nullopt);
}

TEST_F(UnixStreamsTest, PlacesWhereNoSocketCanBe) {
    EXPECT_FALSE(open_unix_streams(directory + "/none/v", *loop).has_value());
}

TEST_F(UnixStreamsTest, TheSocketIsRemoved) {
    EXPECT_TRUE(std::filesystem::exists(path));
    host.reset();
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace trapeze::net
