#include "console_tap.h"

#include "devices/fakes.h"

namespace trapeze::ci {
namespace {

class Receiver final : public bus::CharReceiver {
public:
    std::size_t receive_capacity() override { return 0; }
    void receive(std::span<const u8>) override {}
    void receive_break() override {}
    void send_ready() override { ++ready; }
    int ready = 0;
};

class ConsoleTapTest : public testing::Test {
protected:
    std::size_t send(std::string_view text) {
        return tap.send({reinterpret_cast<const u8*>(text.data()), text.size()});
    }
    devices::FakeCharPort port;
    int wakes = 0;
    ConsoleTap tap{port, [this] { ++wakes; }};
    Receiver receiver;
};

TEST_F(ConsoleTapTest, PassesOnAndKeepsACopy) {
    EXPECT_EQ(send("ab"), 2u);
    EXPECT_EQ(send("c"), 1u);
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(port.sent, "abc");
    EXPECT_EQ(tap.take(), "abc");
    EXPECT_EQ(tap.take(), "");
    send("d");
    EXPECT_EQ(wakes, 2);
}

TEST_F(ConsoleTapTest, KeepsOnlyWhatThePortTook) {
    port.room = 2;
    EXPECT_EQ(send("abc"), 2u);
    EXPECT_EQ(tap.take(), "ab");
    EXPECT_EQ(send("c"), 0u);
    EXPECT_EQ(wakes, 1);
}

TEST_F(ConsoleTapTest, IsBoundedAndTellsWhenThereIsRoom) {
    tap.set_receiver(&receiver);
    EXPECT_EQ(port.receiver, &receiver);
    const std::string text(ConsoleTap::kCapacity + 5, 'x');
    EXPECT_EQ(send(text), ConsoleTap::kCapacity);
    EXPECT_EQ(send("y"), 0u);
    EXPECT_EQ(tap.take().size(), ConsoleTap::kCapacity);
    EXPECT_EQ(send("y"), 0u);  // taken, but not released
    tap.release(10);
    EXPECT_EQ(receiver.ready, 0);
    tap.release(ConsoleTap::kCapacity - 10);
    EXPECT_EQ(receiver.ready, 1);
    EXPECT_EQ(send("y"), 1u);
    tap.release(1);
    EXPECT_EQ(receiver.ready, 1);
}

TEST_F(ConsoleTapTest, InputPassesThrough) {
    tap.receiver_ready();
    EXPECT_EQ(port.ready_calls, 1);
}

}  // namespace
}  // namespace trapeze::ci
