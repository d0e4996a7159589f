// Sockets and pseudo-terminals, with real peers.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <csignal>
#include <thread>

#include "fakes.h"
#include "stream_port.h"

namespace trapeze::chardev {
namespace {

using testing::HasSubstr;

constexpr u64 kPlenty = 20'000'000'000;

// A socket's other end.
struct Peer {
    explicit Peer(int domain = AF_UNIX) : fd(::socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    explicit Peer(const std::string& path) : Peer() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    void put(std::string_view text) const {
        EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    // Up to `count` bytes; fewer at the end of the stream.
    std::string take(std::size_t count) const {
        std::string text(count, '\0');
        const ssize_t n = ::recv(fd.get(), text.data(), count, MSG_WAITALL);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }
    Fd fd;
};

class SocketTest : public LoopTest {
protected:
    SocketTest() {
        char name[] = "/tmp/trapeze-socket-XXXXXX";
        dir_ = ::mkdtemp(name);
        path_ = dir_ + "/s";
    }
    ~SocketTest() override {
        ::unlink(path_.c_str());
        ::rmdir(dir_.c_str());
    }
    std::unique_ptr<Backend> serve(bool wait = false) {
        auto port = open_socket_server(*loop_, {.path = path_}, wait);
        EXPECT_TRUE(port) << port.error().message();
        return port ? std::move(*port) : nullptr;
    }
    void wait_for_peers(FakeReceiver& device, std::string_view news) {
        run_until(device, [&] { return device.peers == news; });
    }

    std::string dir_, path_;
};

TEST_F(SocketTest, BytesGoBothWays) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    EXPECT_FALSE(port->connected());
    EXPECT_EQ(port->send(bytes("into the void")), 13u) << "taken and lost";
    const Peer peer(path_);
    peer.put("hello");
    run_until(device, [&] { return device.got == "hello"; });
    EXPECT_EQ(device.peers, "+");
    EXPECT_TRUE(port->connected());
    EXPECT_EQ(port->send(bytes("welcome")), 7u);
    EXPECT_TRUE(port->flush(kPlenty));
    EXPECT_EQ(peer.take(7), "welcome");
}

TEST_F(SocketTest, PeersFollowEachOther) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    {
        const Peer first(path_);
        first.put("one");
    }
    wait_for_peers(device, "+-");
    EXPECT_EQ(device.got, "one") << "what was sent last before the hang-up is not lost";
    const Peer second(path_);
    wait_for_peers(device, "+-+");
    port->send(bytes("two"));
    EXPECT_TRUE(port->flush(kPlenty));
    EXPECT_EQ(second.take(3), "two");
}

TEST_F(SocketTest, ASecondPeerWaitsForItsTurn) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    auto first = std::make_unique<Peer>(path_);
    wait_for_peers(device, "+");
    const Peer second(path_);
    second.put("me too");
    spin();
    EXPECT_EQ(device.got, "");
    first.reset();
    run_until(device, [&] { return device.got == "me too"; });
    EXPECT_EQ(device.peers, "+-+");
}

TEST_F(SocketTest, APeerThatDoesNotReadBlocksNobody) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    const Peer peer(path_);
    wait_for_peers(device, "+");
    std::string sent;
    // The kernel's buffer and then the queue fill up.
    for (int i = 0; i < 100'000; ++i) {
        const std::string chunk(4096, static_cast<char>('a' + i % 26));
        const std::size_t taken = port->send(bytes(chunk));
        sent += chunk.substr(0, taken);
        spin(1);
        if (taken < chunk.size()) break;
    }
    ASSERT_EQ(port->send(bytes("x")), 0u);
    EXPECT_FALSE(port->flush(1'000'000));
    EXPECT_EQ(device.ready_calls, 0);
    std::string got;
    std::thread reader([&] { got = peer.take(sent.size()); });
    run_until(device, [&] { return device.ready_calls == 1; });
    EXPECT_TRUE(port->flush(kPlenty));
    reader.join();
    EXPECT_EQ(got, sent);
}

TEST_F(SocketTest, AStuckPeerThatLeavesFreesTheSender) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    auto peer = std::make_unique<Peer>(path_);
    wait_for_peers(device, "+");
    const std::string much(1 << 20, 'm');
    for (int i = 0; i < 1000 && port->send(bytes(much)) == StreamPort::kCapacity; ++i) spin(1);
    const int before = device.ready_calls;
    peer.reset();
    run_until(device, [&] { return device.ready_calls > before; });
    EXPECT_EQ(port->send(bytes("x")), 1u);
}

TEST_F(SocketTest, InputWaitsForRoom) {
    const auto port = serve();
    FakeReceiver device;
    device.room = 3;
    port->set_receiver(&device);
    const Peer peer(path_);
    peer.put("abcdef");
    run_until(device, [&] { return device.got == "abc"; });
    spin();
    EXPECT_EQ(device.got, "abc");
    device.room = 100;
    port->receiver_ready();
    run_until(device, [&] { return device.got == "abcdef"; });
}

TEST_F(SocketTest, AHangUpIsSeenEvenWithoutRoom) {
    const auto port = serve();
    FakeReceiver device;
    device.room = 0;
    port->set_receiver(&device);
    {
        const Peer peer(path_);
        wait_for_peers(device, "+");
        peer.put("never read");
    }
    wait_for_peers(device, "+-");
}

// Everything that it sent, though the receiver takes it bit by bit.
TEST_F(SocketTest, WhatAPeerLeavesBehindIsNotLost) {
    const auto port = serve();
    FakeReceiver device;
    device.room = 0;
    port->set_receiver(&device);
    {
        const Peer peer(path_);
        wait_for_peers(device, "+");
        peer.put("abcdefghi");
    }
    for (const std::string got : {"abc", "abcdef"}) {
        run_for_ms(10);
        device.room = 3;
        port->receiver_ready();
        run_until(device, [&] { return device.got == got; });
    }
    EXPECT_EQ(device.peers, "+");
    device.room = 100;
    port->receiver_ready();
    wait_for_peers(device, "+-");
    EXPECT_EQ(device.got, "abcdefghi");
    const Peer next(path_);
    wait_for_peers(device, "+-+");
}

// `printf COMMANDS | nc -U path` stops sending and still wants the answers.
TEST_F(SocketTest, AnswersReachAPeerThatStoppedSending) {
    const auto port = serve();
    FakeReceiver device;
    port->set_receiver(&device);
    const Peer peer(path_);
    peer.put("question");
    ::shutdown(peer.fd.get(), SHUT_WR);
    bool answered = false;
    device.on_event = nullptr;
    run_until(device, [&] {
        if (device.got == "question" && !std::exchange(answered, true)) port->send(bytes("answer"));
        return device.peers == "+-";
    });
    EXPECT_EQ(peer.take(100), "answer");
}

TEST_F(SocketTest, WaitsForTheFirstPeer) {
    std::thread client([this] {
        struct stat info {};
        while (::stat(path_.c_str(), &info) != 0) std::this_thread::yield();
        // Bound is not yet listening.
        Fd fd;
        for (;;) {
            fd.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            sockaddr_un address{};
            address.sun_family = AF_UNIX;
            path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
            if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) break;
        }
        EXPECT_EQ(::send(fd.get(), "hi", 2, MSG_NOSIGNAL), 2);
        char byte = 0;
        EXPECT_EQ(::recv(fd.get(), &byte, 1, 0), 0) << "the end of the stream";
    });
    auto port = serve(true);
    EXPECT_TRUE(port->connected());
    FakeReceiver device;
    port->set_receiver(&device);
    run_until(device, [&] { return device.got == "hi"; });
    port.reset();
    client.join();
}

TEST_F(SocketTest, ReplacesAStaleSocketButNoFile) {
    {
        const Peer dead;  // a killed process leaves its socket behind
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        ASSERT_EQ(::bind(dead.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    EXPECT_NE(serve(), nullptr);
    struct stat info {};
    EXPECT_NE(::stat(path_.c_str(), &info), 0) << "removed at the end";
    const Fd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const auto refused = open_socket_server(*loop_, {.path = path_}, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(),
              "could not listen on unix:" + path_ + ": '" + path_ + "' exists and is not a socket");
}

TEST_F(SocketTest, NamesWhatIsWrongWithAnAddress) {
    const auto message = [](const auto& result) { return result ? std::string() : result.error().message(); };
    EXPECT_THAT(message(open_socket_client(*loop_, {.path = path_})),
                HasSubstr("could not connect to unix:"));
    EXPECT_THAT(message(open_socket_server(*loop_, {.path = std::string(200, 'x')}, false)),
                HasSubstr("is longer than 107 bytes"));
    EXPECT_THAT(message(open_socket_server(*loop_, {.host = "example.org", .port = 1}, false)),
                HasSubstr("'example.org' is neither an IP address nor localhost"));
    Pipe pipe;
    EXPECT_THAT(message(open_socket_client(*loop_, {.fd = pipe.read.get()})),
                HasSubstr("is not a stream socket"));
}

// A free port of the loopback: the kernel's choice for a socket that is closed again.
sockaddr_in free_address() {
    const Peer probe(AF_INET);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(probe.fd.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(probe.fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return address;
}

TEST_F(SocketTest, TcpServesAndConnects) {
    const u16 number = ntohs(free_address().sin_port);
    const auto server = open_socket_server(*loop_, {.host = "localhost", .port = number}, false);
    ASSERT_TRUE(server) << server.error().message();
    const auto client = open_socket_client(*loop_, {.host = "127.0.0.1", .port = number});
    ASSERT_TRUE(client) << client.error().message();
    FakeReceiver served, connected;
    (*server)->set_receiver(&served);
    (*client)->set_receiver(&connected);
    (*client)->send(bytes("ping"));
    run_until(served, [&] { return served.got == "ping"; });
    (*server)->send(bytes("pong"));
    run_until(connected, [&] { return connected.got == "pong"; });
    EXPECT_EQ((SocketAddress{.host = "::1", .port = 7}.text()), "tcp:[::1]:7");
}

// A killed program that had not read everything is no end of the stream, but an error.
TEST_F(SocketTest, APeerThatResetsTheConnectionIsFollowedByTheNext) {
    const sockaddr_in address = free_address();
    const auto server =
        open_socket_server(*loop_, {.host = "localhost", .port = ntohs(address.sin_port)}, false);
    ASSERT_TRUE(server) << server.error().message();
    FakeReceiver device;
    (*server)->set_receiver(&device);
    for (const std::string news : {"+", "+-+"}) {
        const Peer peer(AF_INET);
        ASSERT_EQ(::connect(peer.fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        peer.put("$half a pac");
        run_until(device, [&] { return device.peers == news && device.got.ends_with("pac"); });
        (*server)->send(bytes("not read"));
        EXPECT_TRUE((*server)->flush(kPlenty));
        char byte = 0;
        ASSERT_EQ(::recv(peer.fd.get(), &byte, 1, MSG_PEEK), 1);
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ASSERT_EQ(::setsockopt(peer.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        device.got.clear();
    }
    wait_for_peers(device, "+-+-");
    EXPECT_FALSE((*server)->connected());
}

TEST_F(SocketTest, AClientWaitsForItsServerAndComesBack) {
    auto client = open_socket_client(*loop_, {.path = path_}, 10'000'000);
    ASSERT_TRUE(client) << "there is no server yet";
    FakeReceiver device;
    (*client)->set_receiver(&device);
    run_for_ms(30);
    EXPECT_FALSE((*client)->connected());
    EXPECT_EQ((*client)->send(bytes("lost")), 4u);
    for (const std::string news : {"+", "+-+"}) {
        auto server = serve();
        FakeReceiver other;
        server->set_receiver(&other);
        wait_for_peers(device, news);
        (*client)->send(bytes("hello"));
        run_until(other, [&] { return other.got == "hello"; });
        server.reset();
        wait_for_peers(device, news + "-");
    }
    client->reset();
    run_for_ms(20);
}

TEST_F(SocketTest, AnInheritedDescriptorIsAPeer) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Fd other(ends[1]);
    const auto port = open_socket_client(*loop_, {.fd = ends[0]});
    ASSERT_TRUE(port);
    FakeReceiver device;
    (*port)->set_receiver(&device);
    ASSERT_EQ(::write(other.get(), "x", 1), 1);
    run_until(device, [&] { return device.got == "x"; });
}

TEST_F(SocketTest, APseudoTerminalIsRawAndItsUsersComeAndGo) {
    std::string name;
    const auto port = open_pty(*loop_, name);
    ASSERT_TRUE(port) << port.error().message();
    FakeReceiver device;
    (*port)->set_receiver(&device);
    EXPECT_FALSE((*port)->connected());
    for (const std::string news : {"+", "+-+"}) {
        Fd user(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(user.valid());
        wait_for_peers(device, news);
        device.got.clear();
        ASSERT_EQ(::write(user.get(), "a\x03\n", 3), 3);
        run_until(device, [&] { return device.got == "a\x03\n"; });
        (*port)->send(bytes("b\n"));
        EXPECT_TRUE((*port)->flush(kPlenty));
        char answer[3] = {};
        ASSERT_EQ(::read(user.get(), answer, 2), 2);
        EXPECT_STREQ(answer, "b\n");
        user.reset();
        wait_for_peers(device, news + "-");
    }
}

}  // namespace
}  // namespace trapeze::chardev
