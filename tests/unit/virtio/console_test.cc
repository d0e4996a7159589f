// The console device between a driver's rings and hosts that tests play.
#include "trapeze/virtio/console.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>

#include "session_fixture.h"

namespace trapeze::virtio {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr u64 kMultiport = 2;
constexpr u16 kControlRx = 2, kControlTx = 3;
constexpr u16 kDeviceReady = 0, kPortAdd = 1, kPortReady = 3, kConsolePort = 4, kPortOpen = 6, kPortName = 7;

struct FakePort final : bus::CharPort {
    std::size_t send(std::span<const u8> bytes) override {
        const std::size_t taken = std::min(room, bytes.size());
        sent.append(reinterpret_cast<const char*>(bytes.data()), taken);
        room -= taken;
        return taken;
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override { ++ready; }

    // As hosts do: only as much as there is room for. What it took.
    std::string type(const std::string& text) const {
        const std::string part = text.substr(0, receiver->receive_capacity());
        if (!part.empty()) receiver->receive({reinterpret_cast<const u8*>(part.data()), part.size()});
        return part;
    }

    bus::CharReceiver* receiver = nullptr;
    std::string sent;
    std::size_t room = ~std::size_t{0};
    int ready = 0;
};

// A console at port 0, a serial port "org.test" at 1 whose peers come and go, another without a name at 3.
class ConsoleTest : public testing::Test {
protected:
    ConsoleTest() {
        std::vector<Console::PortOptions> list;
        list.push_back({.number = 0, .console = true, .host = own(console)});
        list.push_back({.number = 1, .name = "org.test", .peers = true, .host = own(named)});
        list.push_back({.number = 3, .host = own(plain)});
        device = std::make_unique<Console>(std::move(list), 4);
    }
    ~ConsoleTest() override {
        session.reset();
        device.reset();
    }

    void start(u64 features = kMultiport) { session = std::make_unique<DeviceSession>(*device, features); }
    SplitDriverRing& ring(u16 n) { return *session->rings[n]; }
    static u16 rx(u16 port) { return static_cast<u16>(port == 0 ? 0 : port * 2 + 2); }
    static u16 tx(u16 port) { return static_cast<u16>(rx(port) + 1); }

    u64 store(std::string_view text) {
        const u64 at = session->memory.allocate(text.size() + 1);
        EXPECT_TRUE(session->memory.memory.write(mem::Gpa{at},
                                                 {reinterpret_cast<const u8*>(text.data()), text.size()}));
        return at;
    }
    void write(u16 port, std::string_view text) {
        ring(tx(port)).add({{store(text), static_cast<u32>(text.size())}});
        device->notified(tx(port));
    }
    bool written(u16 port) { return ring(tx(port)).used().has_value(); }
    u64 offer(u16 queue, u32 bytes) {
        const u64 at = session->memory.allocate(bytes);
        ring(queue).add({{at, bytes, true}});
        device->notified(queue);
        return at;
    }
    std::string text(u64 at, u64 bytes) const {
        const auto copy = session->memory.bytes(at, bytes);
        return {copy.begin(), copy.end()};
    }

    void command(u32 id, u16 event, u16 value, u32 bytes = 8) {
        const u64 at = session->memory.allocate(8);
        session->memory.store(at, id);
        session->memory.store(at + 4, event);
        session->memory.store(at + 6, value);
        ring(kControlTx).add({{at, bytes}});
        device->notified(kControlTx);
        EXPECT_TRUE(ring(kControlTx).used().has_value());
    }
    void give_control_buffers(int count) {
        for (int i = 0; i < count; ++i) control_buffers.push_back(offer(kControlRx, 64));
    }
    // What the device has said since the last time: "event id value name".
    std::vector<std::string> news() {
        std::vector<std::string> list;
        while (const auto used = ring(kControlRx).used()) {
            const u64 at = control_buffers.at(heard++);
            EXPECT_GE(used->length, 8u);
            list.push_back(fmt::format("{} {} {} {}", session->memory.load<u16>(at + 4),
                                       session->memory.load<u32>(at), session->memory.load<u16>(at + 6),
                                       text(at + 8, used->length - 8)));
        }
        return list;
    }
    // Linux's way to a port that is in use.
    void open(u16 port) {
        command(port, kPortReady, 1);
        command(port, kPortOpen, 1);
    }

    FakePort* console = nullptr;
    FakePort* named = nullptr;
    FakePort* plain = nullptr;
    std::unique_ptr<Console> device;
    std::unique_ptr<DeviceSession> session;
    std::vector<u64> control_buffers;
    std::size_t heard = 0;

private:
    static std::unique_ptr<FakePort> own(FakePort*& port) {
        auto owned = std::make_unique<FakePort>();
        port = owned.get();
        return owned;
    }
};

TEST_F(ConsoleTest, HasQueuesForAllPortsThatThereMightBe) {
    EXPECT_EQ(device->queue_sizes().size(), 10u);
    EXPECT_EQ(device->features(), kMultiport);
    EXPECT_EQ(Console({}, 1).queue_sizes().size(), 4u);
    EXPECT_EQ(Console({}, 31).queue_sizes().size(), 64u);
    u32 ports = 0;
    device->read_config(4, {reinterpret_cast<u8*>(&ports), sizeof ports});
    EXPECT_EQ(ports, 4u);
    u32 beyond = 0;
    device->read_config(0x100, {reinterpret_cast<u8*>(&beyond), sizeof beyond});
    EXPECT_EQ(beyond, 0u);
}

TEST_F(ConsoleTest, IntroducesItsPorts) {
    start();
    give_control_buffers(16);
    EXPECT_THAT(news(), IsEmpty());
    command(0, kDeviceReady, 0);
    EXPECT_THAT(news(), IsEmpty());
    command(0, kDeviceReady, 1);
    EXPECT_THAT(news(), ElementsAre("1 0 1 ", "1 1 1 ", "1 3 1 "));
    command(0, kPortReady, 0);
    EXPECT_THAT(news(), IsEmpty());
    command(0, kPortReady, 1);
    EXPECT_THAT(news(), ElementsAre("4 0 1 ", "6 0 1 "));
    command(1, kPortReady, 1);
    EXPECT_THAT(news(), ElementsAre("7 1 1 org.test")) << "nobody is at its other end";
    command(3, kPortReady, 1);
    EXPECT_THAT(news(), ElementsAre("6 3 1 "));
    EXPECT_GT(session->host.interrupts, 0);
    EXPECT_EQ(session->host.broken, "");
}

TEST_F(ConsoleTest, TellsOfPeersThatComeAndGo) {
    named->receiver->peer_changed(true);
    start();
    give_control_buffers(16);
    command(1, kPortReady, 1);
    EXPECT_THAT(news(), ElementsAre("7 1 1 org.test", "6 1 1 "));
    named->receiver->peer_changed(false);
    EXPECT_THAT(news(), ElementsAre("6 1 0 "));
    named->receiver->peer_changed(false);
    EXPECT_THAT(news(), IsEmpty());
    named->receiver->peer_changed(true);
    EXPECT_THAT(news(), ElementsAre("6 1 1 "));
    console->receiver->peer_changed(true);
    console->receiver->peer_changed(false);
    EXPECT_THAT(news(), IsEmpty()) << "consoles are always open";
}

// However often it asks and however often peers come, a driver that gives no buffers costs nothing.
TEST_F(ConsoleTest, NewsWaitForBuffersAndDoNotPileUp) {
    start();
    for (int i = 0; i < 1000; ++i) {
        command(0, kDeviceReady, 1);
        command(1, kPortReady, 1);
        named->receiver->peer_changed(i % 2 == 0);
    }
    give_control_buffers(1);
    EXPECT_THAT(news(), ElementsAre("1 0 1 "));
    give_control_buffers(16);
    EXPECT_THAT(news(), ElementsAre("1 1 1 ", "7 1 1 org.test", "6 1 0 ", "1 3 1 "));
}

TEST_F(ConsoleTest, OutputGoesToThePortsHost) {
    start();
    write(0, "login: ");
    write(1, "one");
    write(3, "three");
    EXPECT_EQ(console->sent, "login: ");
    EXPECT_EQ(named->sent, "one");
    EXPECT_EQ(plain->sent, "three");
    EXPECT_TRUE(written(0) && written(1) && written(3));
}

TEST_F(ConsoleTest, OutputThatTheHostDoesNotTakeStays) {
    console->room = 3;
    start();
    write(0, "abcdef");
    write(0, "ghi");
    EXPECT_EQ(console->sent, "abc");
    EXPECT_FALSE(written(0));
    device->notified(tx(0));
    EXPECT_EQ(console->sent, "abc");
    console->room = 4;
    console->receiver->send_ready();
    EXPECT_EQ(console->sent, "abcdefg");
    EXPECT_TRUE(written(0));
    EXPECT_FALSE(written(0));
    console->room = 100;
    console->receiver->send_ready();
    EXPECT_EQ(console->sent, "abcdefghi");
    EXPECT_TRUE(written(0));
    EXPECT_TRUE(session->host.again.empty()) << "it must not spin";
    write(1, "meanwhile");
    EXPECT_EQ(named->sent, "meanwhile");
}

TEST_F(ConsoleTest, ABatchLetsOthersHaveTheThread) {
    start();
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 100; ++i) ring(tx(0)).add({{store("x"), 1}});
        device->notified(tx(0));
        while (written(0)) {
        }
    }
    EXPECT_EQ(console->sent.size(), 300u);
}

TEST_F(ConsoleTest, InputWaitsForTheGuest) {
    start();
    give_control_buffers(8);
    EXPECT_EQ(plain->type("early"), "") << "the port is not open";
    const u64 buffer = offer(rx(3), 4);
    EXPECT_EQ(plain->type("early"), "");
    open(3);
    EXPECT_GT(plain->ready, 0);
    EXPECT_EQ(plain->type("early"), "earl");
    const auto used = ring(rx(3)).used();
    ASSERT_TRUE(used);
    EXPECT_EQ(used->length, 4u);
    EXPECT_EQ(text(buffer, 4), "earl");
    EXPECT_EQ(plain->type("y"), "") << "there is no buffer";
    const int before = plain->ready;
    const u64 next = offer(rx(3), 100);
    EXPECT_EQ(plain->ready, before + 1);
    EXPECT_EQ(plain->type("y"), "y");
    EXPECT_EQ(ring(rx(3)).used()->length, 1u);
    EXPECT_EQ(text(next, 1), "y");
    command(3, kPortOpen, 0);
    offer(rx(3), 100);
    EXPECT_EQ(plain->type("late"), "");
}

TEST_F(ConsoleTest, WithoutMultiportThereIsPort0Alone) {
    start(0);
    write(0, "out");
    EXPECT_EQ(console->sent, "out");
    const u64 buffer = offer(rx(0), 8);
    EXPECT_EQ(console->type("in"), "in");
    EXPECT_EQ(text(buffer, 2), "in");
    // Control queues that nobody has asked for.
    ring(kControlTx).add({{store("12345678"), 8}});
    device->notified(kControlTx);
    EXPECT_FALSE(ring(kControlTx).used().has_value());
    EXPECT_EQ(session->host.broken, "");
}

TEST_F(ConsoleTest, MessagesThatMakeNoSenseAreIgnored) {
    start();
    give_control_buffers(8);
    for (const u32 id : {2u, 4u, 31u, ~0u}) {
        command(id, kPortReady, 1);
        command(id, kPortOpen, 1);
    }
    for (const u16 event : {kPortAdd, u16{2}, kConsolePort, u16{5}, kPortName, u16{8}, u16{0xffff}})
        command(1, event, 1);
    for (const u32 bytes : {1u, 7u}) command(0, kDeviceReady, 1, bytes);
    EXPECT_THAT(news(), IsEmpty());
    EXPECT_EQ(session->host.broken, "");
    for (const u16 queue : {u16{6}, u16{7}, u16{100}}) device->notified(queue);
    command(0, kDeviceReady, 1);
    EXPECT_THAT(news(), ElementsAre("1 0 1 ", "1 1 1 ", "1 3 1 "));
}

TEST_F(ConsoleTest, BuffersThatAreTooSmallBreakTheDevice) {
    start();
    offer(kControlRx, 7);
    command(0, kDeviceReady, 1);
    EXPECT_EQ(session->host.broken, "a buffer for control messages is too small for one");
    session->host.broken.clear();
    open(3);
    ring(rx(3)).add({{store("x"), 1}});
    EXPECT_EQ(plain->type("x"), "");
    EXPECT_EQ(session->host.broken, "a receive buffer has no room for anything");
}

TEST_F(ConsoleTest, ANameThatDoesNotFitIsCutShort) {
    start();
    control_buffers.push_back(offer(kControlRx, 11));
    command(1, kPortReady, 1);
    EXPECT_THAT(news(), ElementsAre("7 1 1 org"));
}

TEST_F(ConsoleTest, ANewSessionBeginsAnew) {
    console->room = 1;
    start();
    give_control_buffers(4);
    open(3);
    write(0, "ab");
    console->room = 100;
    session->stop();
    EXPECT_TRUE(session->stopped);
    EXPECT_EQ(console->sent, "ab") << "what was sent before the end is not lost";
    EXPECT_EQ(plain->type("x"), "");
    console->receiver->send_ready();
    named->receiver->peer_changed(true);
    session.reset();
    heard = 0;
    control_buffers.clear();
    start();
    give_control_buffers(4);
    EXPECT_THAT(news(), IsEmpty());
    offer(rx(3), 8);
    EXPECT_EQ(plain->type("x"), "") << "closed again";
    write(0, "c");
    EXPECT_EQ(console->sent, "abc");
}

}  // namespace
}  // namespace trapeze::virtio
