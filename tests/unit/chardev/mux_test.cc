#include "trapeze/chardev/mux.h"

#include <gmock/gmock.h>

#include <thread>

#include "fakes.h"

namespace trapeze::chardev {
namespace {

using testing::HasSubstr;

class FakeHost final : public bus::CharPort {
public:
    std::size_t send(std::span<const u8> data) override {
        const std::size_t taken = std::min(data.size(), room);
        room -= taken;
        shown.append(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(taken));
        return taken;
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override { ++ready_calls; }
    void type(std::string_view keys) { receiver->receive(bytes(keys)); }

    std::size_t room = 1 << 20;
    std::string shown;
    bus::CharReceiver* receiver = nullptr;
    int ready_calls = 0;
};

class FakeClock final : public bus::Clock {
public:
    u64 unix_seconds() const override { return 0; }
    u64 monotonic_ns() const override { return now; }
    u64 now = 123'000'000'000;
};

class MuxTest : public LoopTest {
protected:
    MuxTest() {
        serial_.set_receiver(&uart_);
        monitor_.set_receiver(&prompt_);
        spin();
    }

    FakeHost host_;
    FakeClock clock_;
    int quits_ = 0;
    Mux mux_{*loop_, clock_, host_, 1, MuxActions{.quit = [this] { ++quits_; }}};
    bus::CharPort& serial_ = mux_.add_front_end("serial0");
    bus::CharPort& monitor_ = mux_.add_front_end("monitor");
    FakeReceiver uart_, prompt_;
};

TEST_F(MuxTest, TheFirstFrontEndHasTheFocus) {
    host_.type("ls\n");
    EXPECT_EQ(uart_.got, "ls\n");
    EXPECT_EQ(prompt_.got, "");
    EXPECT_EQ(uart_.focus, "+");
    EXPECT_EQ(prompt_.focus, "");
}

TEST_F(MuxTest, FocusGoesRound) {
    host_.type(
        "a\x01"
        "cb");
    EXPECT_EQ(uart_.got, "a");
    EXPECT_EQ(prompt_.got, "b");
    EXPECT_EQ(uart_.focus, "+-");
    EXPECT_EQ(prompt_.focus, "+");
    host_.type(
        "\x01"
        "cd");
    EXPECT_EQ(uart_.got, "ad");
    EXPECT_EQ(prompt_.focus, "+-");
}

TEST_F(MuxTest, FocusSkipsUnusedFrontEnds) {
    mux_.add_front_end("unused");
    host_.type(
        "\x01"
        "c\x01"
        "cx");
    EXPECT_EQ(uart_.got, "x");
}

TEST_F(MuxTest, FocusCanBeGiven) {
    mux_.set_focus(1);
    spin();
    host_.type("x");
    EXPECT_EQ(prompt_.got, "x");
    EXPECT_EQ(mux_.focus(), 1u);
    EXPECT_EQ(prompt_.focus, "+");
}

TEST_F(MuxTest, QuitAndNothingElse) {
    host_.type("\x01x");
    EXPECT_EQ(quits_, 1);
    EXPECT_EQ(uart_.got, "");
}

TEST_F(MuxTest, TheEscapeTwiceIsItself) {
    host_.type(
        "a\x01\x01"
        "b");
    EXPECT_EQ(uart_.got,
              "a\x01"
              "b");
}

TEST_F(MuxTest, AnEscapeMayComeInTwoReads) {
    host_.type("a\x01");
    EXPECT_EQ(uart_.got, "a");
    host_.type("xb");
    EXPECT_EQ(quits_, 1);
    EXPECT_EQ(uart_.got, "ab");
}

TEST_F(MuxTest, UnknownKeysAreSwallowed) {
    host_.type(
        "\x01"
        "zq");
    EXPECT_EQ(uart_.got, "q");
    EXPECT_EQ(host_.shown, "");
}

TEST_F(MuxTest, BreakKeepsItsPlace) {
    host_.type(
        "a\x01"
        "bh");
    EXPECT_EQ(uart_.got, "a<break>h");
    uart_.room = 0;
    host_.type(
        "c\x01"
        "bd");
    EXPECT_EQ(uart_.got, "a<break>h") << "a device that is full gets it later";
    uart_.room = 10;
    serial_.receiver_ready();
    spin();
    EXPECT_EQ(uart_.got, "a<break>hc<break>d");
    host_.receiver->receive_break();
    EXPECT_EQ(uart_.got, "a<break>hc<break>d<break>") << "one from the host's line";
}

TEST_F(MuxTest, HelpListsTheKeys) {
    host_.type("\x01h");
    for (const char* key : {"C-a h ", "C-a x ", "C-a s ", "C-a t ", "C-a b ", "C-a c ", "C-a C-a "}) {
        EXPECT_THAT(host_.shown, HasSubstr(key));
    }
    EXPECT_THAT(host_.shown, HasSubstr("serial0, monitor"));
    EXPECT_EQ(uart_.got, "");
    const std::string first = host_.shown;
    host_.shown.clear();
    host_.type("\x01?");
    EXPECT_EQ(host_.shown, first);
}

TEST_F(MuxTest, SaveSaysThatThereIsNothing) {
    host_.type("\x01s");
    EXPECT_THAT(host_.shown, HasSubstr("-snapshot"));
}

TEST_F(MuxTest, EverybodysOutputIsShown) {
    EXPECT_EQ(serial_.send(bytes("guest\n")), 6u);
    EXPECT_EQ(monitor_.send(bytes("(trapeze) ")), 10u);
    EXPECT_EQ(host_.shown, "guest\n(trapeze) ");
}

TEST_F(MuxTest, TimestampsStandAtTheBeginningOfEachLine) {
    serial_.send(bytes("before\n"));
    host_.type("\x01t");
    serial_.send(bytes("one\r\ntw"));
    clock_.now += 3'723'004'000'000;
    serial_.send(bytes("o\n"));
    serial_.send(bytes("three\n\n"));
    host_.type("\x01t");
    serial_.send(bytes("after\n"));
    EXPECT_EQ(
        host_.shown,
        "before\n[00:00:00.000] one\r\n[00:00:00.000] two\n[01:02:03.004] three\n[01:02:03.004] \nafter\n");
}

TEST_F(MuxTest, TimestampsWaitForTheEndOfALine) {
    serial_.send(bytes("par"));
    host_.type("\x01t");
    serial_.send(bytes("tial\nnext"));
    EXPECT_EQ(host_.shown, "partial\n[00:00:00.000] next");
}

TEST_F(MuxTest, ASlowHostGetsWholeTimestampsAndAllBytes) {
    host_.type("\x01t");
    const std::string text = "abc\ndef\n";
    std::string_view left = text;
    for (int i = 0; i < 200 && !left.empty(); ++i) {
        host_.room = 1;
        left.remove_prefix(serial_.send(bytes(left)));
    }
    EXPECT_EQ(host_.shown, "[00:00:00.000] abc\n[00:00:00.000] def\n");
}

TEST_F(MuxTest, RoomIsReportedToThoseWhoWait) {
    host_.room = 2;
    EXPECT_EQ(serial_.send(bytes("abc")), 2u);
    host_.room = 10;
    host_.receiver->send_ready();
    EXPECT_EQ(uart_.ready_calls, 1);
    EXPECT_EQ(prompt_.ready_calls, 0);
    host_.receiver->send_ready();
    EXPECT_EQ(uart_.ready_calls, 1);
}

TEST_F(MuxTest, KeysWorkWhileTheGuestDoesNotRead) {
    uart_.room = 0;
    host_.type(std::string(1000, 'x'));
    EXPECT_EQ(uart_.got, "");
    EXPECT_EQ(host_.receiver->receive_capacity(), Mux::kTypeAhead - 1000);
    host_.type("\x01x");
    EXPECT_EQ(quits_, 1);
    uart_.room = 600;
    std::thread vcpu([&] { serial_.receiver_ready(); });
    vcpu.join();
    spin();
    EXPECT_EQ(uart_.got, std::string(600, 'x'));
    uart_.room = 600;
    serial_.receiver_ready();
    spin();
    EXPECT_EQ(uart_.got, std::string(1000, 'x'));
}

TEST_F(MuxTest, TypeAheadIsBoundedByTheHost) {
    uart_.room = 0;
    host_.type(std::string(Mux::kTypeAhead, 'x'));
    EXPECT_EQ(host_.receiver->receive_capacity(), 0u);
    EXPECT_EQ(host_.ready_calls, 0);
    uart_.room = 100;
    serial_.receiver_ready();
    spin();
    EXPECT_EQ(host_.ready_calls, 1);
    EXPECT_EQ(host_.receiver->receive_capacity(), 100u);
    serial_.receiver_ready();
    spin();
    EXPECT_EQ(host_.ready_calls, 1) << "only after having reported none";
}

TEST_F(MuxTest, ADetachedDeviceGetsNothing) {
    serial_.set_receiver(nullptr);
    host_.type("lost");
    EXPECT_EQ(uart_.got, "");
    serial_.set_receiver(&uart_);
    spin();
    host_.type("kept");
    EXPECT_EQ(uart_.got, "kept");
}

TEST_F(MuxTest, AnotherEscape) {
    Mux mux(*loop_, clock_, host_, 2, MuxActions{});
    FakeReceiver device;
    mux.add_front_end("serial0").set_receiver(&device);
    host_.type("\x01x\x02\x02");
    EXPECT_EQ(device.got, "\x01x\x02");
    host_.type("\x02h");
    EXPECT_THAT(host_.shown, HasSubstr("C-b x"));
    host_.type("\x02x");  // nobody cares to quit
}

TEST_F(MuxTest, WithoutEscapeEverythingIsData) {
    Mux mux(*loop_, clock_, host_, 0, MuxActions{});
    FakeReceiver device;
    mux.add_front_end("serial0").set_receiver(&device);
    host_.type(std::string("\0\x01x", 3));
    EXPECT_EQ(device.got, std::string("\0\x01x", 3));
}

TEST_F(MuxTest, MayDieWithWorkPending) {
    FakeReceiver device;
    {
        Mux mux(*loop_, clock_, host_, 1, MuxActions{});
        bus::CharPort& port = mux.add_front_end("serial0");
        port.set_receiver(&device);
        port.receiver_ready();
    }
    EXPECT_EQ(host_.receiver, nullptr);
    spin();
    EXPECT_EQ(device.focus, "");
}

}  // namespace
}  // namespace trapeze::chardev
