// Host ends of serial ports and monitors, alone and shared.
#include "console.h"

#include <gtest/gtest.h>

namespace trapeze::machine {
namespace {

using Kind = CharConfig::Kind;

CharConfig ring(std::string id, bool mux = false) {
    CharConfig config;
    config.kind = Kind::Ringbuf;
    config.id = std::move(id);
    config.mux = mux;
    config.ring_bytes = 64;
    return config;
}

class ConsoleTest : public testing::Test {
protected:
    void build() {
        auto created = Console::create(config, *loop, {.quit = [] {}, .exit = [this](int s) { status = s; }});
        ASSERT_TRUE(created.has_value()) << created.error().message();
        console = *std::move(created);
    }
    std::string kept(const std::string& label) {
        const auto found = console->ring(label);
        return found ? (*found)->read(100) : found.error().message();
    }
    static void send(bus::CharPort& port, std::string_view text) {
        port.send({reinterpret_cast<const u8*>(text.data()), text.size()});
    }

    std::unique_ptr<EventLoop> loop = std::move(EventLoop::create().value());
    MachineConfig config;
    std::unique_ptr<Console> console;
    int status = -1;
};

TEST_F(ConsoleTest, EachUserHasItsStream) {
    config.serial = ring("a");
    config.serial1 = ring("b");
    config.port_devices = {ring("c"), {}};
    build();
    send(console->serial(), "zero");
    ASSERT_NE(console->serial1(), nullptr);
    send(*console->serial1(), "one");
    ASSERT_EQ(console->ports().size(), 2u);
    send(*console->ports()[0].port, "port");
    EXPECT_FALSE(console->ports()[0].peers);
    EXPECT_EQ(kept("a"), "zero");
    EXPECT_EQ(kept("b"), "one");
    EXPECT_EQ(kept("c"), "port");
    EXPECT_EQ(kept("d"), "Device 'd' not found");
    EXPECT_EQ(kept("virtio-port1"), "virtio-port1 is not a ringbuf device");
    EXPECT_EQ(console->devices().size(), 4u);
}

TEST_F(ConsoleTest, SeveralShareOne) {
    config.serial = config.serial1.emplace(ring("a", true));
    config.port_devices = {ring("a", true)};
    build();
    EXPECT_EQ(console->devices().size(), 1u);
    EXPECT_NE(&console->serial(), console->serial1());
    EXPECT_NE(&console->serial(), console->ports()[0].port);
    send(console->serial(), "0");
    send(*console->serial1(), "1");
    send(*console->ports()[0].port, "2");
    EXPECT_EQ(kept("a"), "012");
}

TEST_F(ConsoleTest, PeersOfSocketsComeAndGo) {
    CharConfig socket;
    socket.kind = Kind::Socket;
    socket.id = "s";
    socket.path = "/tmp/trapeze-console-test-nobody-listens";
    socket.reconnect_ms = 1000;
    CharConfig shared = socket;
    shared.id = "m";
    shared.mux = true;
    config.port_devices = {socket, shared};
    build();
    EXPECT_EQ(console->serial1(), nullptr);
    EXPECT_TRUE(console->ports()[0].peers);
    EXPECT_FALSE(console->ports()[1].peers);
}

TEST_F(ConsoleTest, ATestDeviceEndsTheMachine) {
    config.port_devices.emplace_back().kind = Kind::Testdev;
    build();
    send(*console->ports()[0].port, "2q");
    loop->post([this] { loop->stop(); });
    loop->run();
    EXPECT_EQ(status, 5);
}

}  // namespace
}  // namespace trapeze::machine
