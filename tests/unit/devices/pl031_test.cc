// Expectations from Arm DDI 0224.
#include "trapeze/devices/pl031.h"

#include "fakes.h"

namespace trapeze::devices {
namespace {

enum : u64 { DR = 0x00, MR = 0x04, LR = 0x08, CR = 0x0c, IMSC = 0x10, RIS = 0x14, MIS = 0x18, ICR = 0x1c };
constexpr u32 kStart = 1'700'000'000;

class Pl031Test : public testing::Test {
protected:
    u32 rd(u64 offset) { return static_cast<u32>(rtc_.mmio_read({offset, 4, 0})); }
    void wr(u64 offset, u32 value) { rtc_.mmio_write({offset, 4, 0}, value); }
    bool line() { return sink_.levels[34]; }

    FakeIrqSink sink_;
    FakeTime time_;
    Pl031 rtc_{time_, time_, bus::IrqLine(sink_, bus::spi(2))};
};

TEST_F(Pl031Test, ShowsTheHostsTime) {
    EXPECT_EQ(rd(DR), kStart);
    time_.pass_seconds(3);
    EXPECT_EQ(rd(DR), kStart + 3);
    EXPECT_EQ(rd(CR), 1u);
    wr(CR, 0);
    EXPECT_EQ(rd(CR), 1u) << "once enabled, writes have no effect";
    time_.pass_seconds(1);
    EXPECT_EQ(rd(DR), kStart + 4);
}

TEST_F(Pl031Test, IdentifiesItself) {
    u64 peripheral = 0, cell = 0;
    for (unsigned i = 0; i < 4; ++i) {
        peripheral |= u64{rd(0xfe0 + 4 * i)} << (8 * i);
        cell |= u64{rd(0xff0 + 4 * i)} << (8 * i);
    }
    EXPECT_EQ(peripheral & 0xfffff, 0x41031u);
    EXPECT_EQ(cell, 0xb105f00du);
}

TEST_F(Pl031Test, SurvivesEveryAccess) {
    walk(rtc_);
    rtc_.reset();
    EXPECT_EQ(rd(IMSC), 0u);
    EXPECT_FALSE(line());
}

TEST_F(Pl031Test, NothingBetweenTheRegisters) {
    wr(MR, ~0u);
    wr(LR, ~0u);
    expect_zero_elsewhere(rtc_, {{DR, MIS, 4}, {0xfe0, 0xffc, 7}});
}

TEST_F(Pl031Test, CanBeSet) {
    wr(LR, 1000);
    EXPECT_EQ(rd(LR), 1000u);
    EXPECT_EQ(rd(DR), 1000u);
    time_.pass_seconds(7);
    EXPECT_EQ(rd(DR), 1007u);
    wr(LR, 5);
    EXPECT_EQ(rd(DR), 5u);
    rtc_.reset();
    time_.pass_seconds(1);
    EXPECT_EQ(rd(DR), 6u) << "a reset of the machine does not reset the time";
}

TEST_F(Pl031Test, AlarmFiresByItselfWhenTheSecondBegins) {
    time_.set_wall(kStart, 700'000'000);
    wr(MR, kStart + 2);
    wr(IMSC, 1);
    EXPECT_EQ(rd(RIS), 0u);
    time_.pass(1'299'999'999);
    EXPECT_FALSE(line());
    time_.pass(1);
    EXPECT_TRUE(line()) << "no access was needed";
    EXPECT_EQ(rd(DR), kStart + 2);
    EXPECT_EQ(rd(RIS), 1u);
    EXPECT_EQ(rd(MIS), 1u);
    wr(ICR, 1);
    EXPECT_FALSE(line());
    EXPECT_EQ(rd(RIS), 0u);
    time_.pass_seconds(100);
    EXPECT_EQ(rd(RIS), 0u);
    EXPECT_FALSE(line()) << "one match, one interrupt";
    EXPECT_EQ(time_.pending(), 0u) << "and no waking up for an alarm that is over";
}

TEST_F(Pl031Test, MaskedAlarmNeedsNoTimerButIsRemembered) {
    wr(MR, kStart + 5);
    EXPECT_EQ(time_.pending(), 0u);
    time_.pass_seconds(10);
    EXPECT_EQ(rd(MIS), 0u);
    EXPECT_EQ(rd(RIS), 1u);
    EXPECT_FALSE(line());
    wr(IMSC, 1);
    EXPECT_TRUE(line());
    wr(IMSC, 0);
    EXPECT_FALSE(line());
}

TEST_F(Pl031Test, MatchOfTheCurrentSecondIsImmediate) {
    wr(IMSC, 1);
    wr(MR, kStart);
    EXPECT_TRUE(line());
    wr(ICR, 1);
    EXPECT_FALSE(line());
    wr(MR, 77);
    wr(LR, 77);
    EXPECT_TRUE(line());
}

TEST_F(Pl031Test, ATimeInThePastDoesNotMatch) {
    wr(IMSC, 1);
    wr(MR, kStart - 1);
    time_.pass_seconds(1000);
    EXPECT_FALSE(line());
    wr(MR, 2000);
    wr(LR, 3000);
    time_.pass_seconds(10);
    EXPECT_FALSE(line()) << "seconds that loading jumped over never were";
}

TEST_F(Pl031Test, CounterAndAlarmWrap) {
    wr(LR, 0xffffffff);
    wr(MR, 1);
    wr(IMSC, 1);
    time_.pass_seconds(1);
    EXPECT_EQ(rd(DR), 0u);
    EXPECT_FALSE(line());
    time_.pass_seconds(1);
    EXPECT_TRUE(line());
}

TEST_F(Pl031Test, ReprogrammingReplacesTheAlarm) {
    wr(IMSC, 1);
    wr(MR, kStart + 2);
    wr(MR, kStart + 20);
    EXPECT_EQ(time_.pending(), 1u);
    time_.pass_seconds(19);
    EXPECT_FALSE(line());
    time_.pass_seconds(1);
    EXPECT_TRUE(line());
}

TEST_F(Pl031Test, AlarmFollowsTheHostClockBeingSet) {
    wr(IMSC, 1);
    wr(MR, kStart + 3600);
    time_.set_wall(kStart + 3590);  // forwards: due in 10 s instead of an hour
    time_.pass_seconds(70);
    EXPECT_TRUE(line());

    wr(ICR, 1);
    wr(MR, rd(DR) + 5);
    time_.set_wall(kStart);  // backwards: early wake-ups are not matches
    time_.pass_seconds(60);
    EXPECT_FALSE(line());
}

TEST_F(Pl031Test, ResetClearsTheAlarm) {
    wr(IMSC, 1);
    wr(MR, kStart);
    EXPECT_TRUE(line());
    rtc_.reset();
    EXPECT_FALSE(line());
    EXPECT_EQ(rd(MR), 0u);
    EXPECT_EQ(time_.pending(), 0u);
}

TEST_F(Pl031Test, LeavesNoTimerBehind) {
    FakeTime time;
    {
        Pl031 rtc(time, time, bus::IrqLine());
        rtc.mmio_write({MR, 4, 0}, kStart + 5);
        rtc.mmio_write({IMSC, 4, 0}, 1);
        EXPECT_EQ(time.pending(), 1u);
    }
    EXPECT_EQ(time.pending(), 0u);
}

TEST_F(Pl031Test, DescribesItself) {
    FakeFdt fdt;
    Pl031::describe(fdt, 0x9010000, bus::spi(2));
    EXPECT_EQ(fdt.text,
              "pl031@9010000 {\n"
              "  compatible = \"arm,pl031\", \"arm,primecell\"\n"
              "  reg = <0x0 0x9010000 0x0 0x1000>\n"
              "  interrupts = <0x0 0x2 0x4>\n"
              "  clocks = <0x2>\n"
              "  clock-names = \"apb_pclk\"\n"
              "}\n");
}

}  // namespace
}  // namespace trapeze::devices
