// Expectations from Arm DDI 0190.
#include "trapeze/devices/pl061.h"

#include "fakes.h"
#include "trapeze/devices/power_button.h"

namespace trapeze::devices {
namespace {

enum : u64 {
    DATA = 0x3fc,
    DIR = 0x400,
    IS = 0x404,
    IBE = 0x408,
    IEV = 0x40c,
    IE = 0x410,
    RIS = 0x414,
    MIS = 0x418,
    IC = 0x41c,
    AFSEL = 0x420,
};

class Pl061Test : public testing::Test {
protected:
    u32 rd(u64 offset, unsigned size = 1) { return static_cast<u32>(gpio_.mmio_read({offset, size, 0})); }
    void wr(u64 offset, u32 value, unsigned size = 1) { gpio_.mmio_write({offset, size, 0}, value); }
    bool line() { return sink_.levels[39]; }

    FakeIrqSink sink_;
    FakeTime time_;
    Pl061 gpio_{bus::IrqLine(sink_, bus::spi(7))};
};

TEST_F(Pl061Test, ResetValuesAreZero) {
    for (const u64 offset : {DATA, DIR, IS, IBE, IEV, IE, RIS, MIS, IC, AFSEL})
        EXPECT_EQ(rd(offset), 0u) << offset;
}

TEST_F(Pl061Test, IdentifiesItself) {
    u64 peripheral = 0, cell = 0;
    for (unsigned i = 0; i < 4; ++i) {
        peripheral |= u64{rd(0xfe0 + 4 * i)} << (8 * i);
        cell |= u64{rd(0xff0 + 4 * i)} << (8 * i);
    }
    EXPECT_EQ(peripheral, 0x00041061u);
    EXPECT_EQ(cell, 0xb105f00du);
}

TEST_F(Pl061Test, SurvivesEveryAccess) {
    for (unsigned i = 0; i < 8; ++i) gpio_.set_input(i, true);
    walk(gpio_);
    gpio_.reset();
    EXPECT_EQ(rd(DIR), 0u);
    EXPECT_FALSE(line());
    EXPECT_EQ(rd(DATA), 0xffu) << "the inputs are what they are";
}

TEST_F(Pl061Test, NothingBetweenTheRegisters) {
    for (unsigned i = 0; i < 8; ++i) gpio_.set_input(i, true);
    expect_zero_elsewhere(gpio_, {{0, 0x3fc, 7}, {DIR, AFSEL, 7}, {0xfe0, 0xffc, 7}});
}

TEST_F(Pl061Test, RegistersHaveEightBitsInEveryWidth) {
    for (const u64 offset : {DIR, IS, IBE, IEV, IE, AFSEL}) {
        for (const unsigned size : {1u, 2u, 4u}) {
            wr(offset, size == 4 ? ~0u : (1u << (size * 8)) - 1, size);
            EXPECT_EQ(rd(offset, 4), 0xffu) << offset;
            wr(offset, 0, size);
            EXPECT_EQ(rd(offset, size), 0u);
        }
    }
}

TEST_F(Pl061Test, TheAddressMasksData) {
    for (const unsigned i : {0u, 3u, 7u}) gpio_.set_input(i, true);
    for (u64 lines = 0; lines < 256; ++lines) EXPECT_EQ(rd(lines << 2), 0x89u & lines);

    wr(DIR, 0xff);
    wr(0x0f << 2, 0xaa);
    EXPECT_EQ(rd(DATA), 0x0au) << "only the low four were addressed";
    wr(0xf0 << 2, 0x55);
    EXPECT_EQ(rd(DATA), 0x5au);
}

TEST_F(Pl061Test, WritesReachOutputsOnly) {
    wr(DIR, 0x0f);
    gpio_.set_input(7, true);
    wr(DATA, 0x7c);
    EXPECT_EQ(rd(DATA), 0x8cu) << "outputs as written, inputs as driven";
    wr(DIR, 0xff);
    EXPECT_EQ(rd(DATA), 0x0cu) << "what was written to inputs is not kept";
}

TEST_F(Pl061Test, RisingEdge) {
    wr(IEV, 8);
    wr(IE, 8);
    gpio_.set_input(3, true);
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(RIS), 8u);
    EXPECT_EQ(rd(MIS), 8u);
    gpio_.set_input(3, false);
    EXPECT_TRUE(line()) << "an edge stays until cleared";
    wr(IC, 8);
    EXPECT_FALSE(line());
    EXPECT_EQ(rd(RIS), 0u);
    gpio_.set_input(3, false);
    EXPECT_EQ(rd(RIS), 0u);
}

TEST_F(Pl061Test, FallingEdge) {
    wr(IE, 8);
    gpio_.set_input(3, true);
    EXPECT_EQ(rd(RIS), 0u);
    gpio_.set_input(3, false);
    EXPECT_EQ(rd(RIS), 8u);
}

TEST_F(Pl061Test, BothEdges) {
    wr(IBE, 8);
    wr(IE, 8);
    for (const bool level : {true, false, true}) {
        gpio_.set_input(3, level);
        EXPECT_TRUE(line());
        wr(IC, 8);
        EXPECT_FALSE(line());
    }
}

TEST_F(Pl061Test, LevelsFollowTheLine) {
    wr(IS, 0x81);
    wr(IEV, 0x80);
    wr(IE, 0x81);
    EXPECT_EQ(rd(RIS), 0x01u) << "line 0 is low and wants low";
    EXPECT_TRUE(line());
    gpio_.set_input(0, true);
    EXPECT_FALSE(line());
    gpio_.set_input(7, true);
    EXPECT_TRUE(line());
    wr(IC, 0xff);
    EXPECT_TRUE(line()) << "a level cannot be cleared";
    gpio_.set_input(7, false);
    EXPECT_FALSE(line());
}

TEST_F(Pl061Test, AnEdgeIsForgottenByALevelSensitiveLine) {
    wr(IEV, 8);
    gpio_.set_input(3, true);
    EXPECT_EQ(rd(RIS), 8u);
    wr(IS, 8);
    gpio_.set_input(3, false);
    EXPECT_EQ(rd(RIS), 0u);
    wr(IS, 0);
    EXPECT_EQ(rd(RIS), 0u);
}

TEST_F(Pl061Test, MaskedInterruptsAreRawOnly) {
    wr(IEV, 0xff);
    gpio_.set_input(1, true);
    EXPECT_EQ(rd(RIS), 2u);
    EXPECT_EQ(rd(MIS), 0u);
    EXPECT_FALSE(line());
    wr(IE, 2);
    EXPECT_TRUE(line());
}

TEST_F(Pl061Test, OutputsDoNotInterrupt) {
    wr(DIR, 8);
    wr(IBE, 8);
    wr(IE, 8);
    gpio_.set_input(3, true);
    EXPECT_FALSE(line());
    wr(IS, 8);
    EXPECT_FALSE(line());
}

TEST_F(Pl061Test, DescribesItself) {
    FakeFdt fdt;
    Pl061::describe(fdt, 0x9030000, bus::spi(7));
    PowerButton::describe(fdt);
    EXPECT_EQ(fdt.text,
              "pl061@9030000 {\n"
              "  compatible = \"arm,pl061\", \"arm,primecell\"\n"
              "  reg = <0x0 0x9030000 0x0 0x1000>\n"
              "  interrupts = <0x0 0x7 0x4>\n"
              "  clocks = <0x2>\n"
              "  clock-names = \"apb_pclk\"\n"
              "  gpio-controller\n"
              "  #gpio-cells = <0x2>\n"
              "  phandle = <0x3>\n"
              "}\n"
              "gpio-keys {\n"
              "  compatible = \"gpio-keys\"\n"
              "  poweroff {\n"
              "    label = \"GPIO Key Poweroff\"\n"
              "    linux,code = <0x74>\n"
              "    gpios = <0x3 0x3 0x0>\n"
              "  }\n"
              "}\n");
}

TEST_F(Pl061Test, PowerButtonIsPressedAndReleased) {
    PowerButton button(gpio_, time_);
    wr(IBE, 8);  // as gpio-keys sets it up
    wr(IE, 8);
    button.press();
    EXPECT_TRUE(line());
    wr(IC, 8);
    time_.pass(50'000'000);
    EXPECT_EQ(rd(DATA) & 8, 8u) << "still down after any debouncing";
    EXPECT_FALSE(line());
    time_.pass(50'000'000);
    EXPECT_EQ(rd(DATA) & 8, 0u);
    EXPECT_TRUE(line()) << "the release is an edge too";
}

TEST_F(Pl061Test, PressingAgainHoldsLonger) {
    PowerButton button(gpio_, time_);
    button.press();
    time_.pass(90'000'000);
    button.press();
    EXPECT_EQ(time_.pending(), 1u);
    time_.pass(90'000'000);
    EXPECT_EQ(rd(DATA) & 8, 8u);
    time_.pass(10'000'000);
    EXPECT_EQ(rd(DATA) & 8, 0u);
    EXPECT_EQ(time_.pending(), 0u);
}

TEST_F(Pl061Test, TheButtonIsHeldForAGuestThatIsSlow) {
    PowerButton button(gpio_, time_);
    wr(IBE, 8);
    wr(IE, 8);
    button.press();
    time_.pass_seconds(60);
    EXPECT_EQ(rd(1u << 1 << 2), 0u) << "line 1";  // address bits [9:2] say which
    time_.pass_seconds(60);
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(DATA) & 8, 8u);
    time_.pass(100'000'000);
    EXPECT_EQ(rd(DATA) & 8, 0u);
    EXPECT_EQ(time_.pending(), 0u);
}

TEST_F(Pl061Test, AResetEndsTheWaitForTheGuest) {
    PowerButton button(gpio_, time_);
    wr(IBE, 8);
    wr(IE, 8);
    button.press();
    gpio_.reset();
    time_.pass(100'000'000);
    EXPECT_EQ(rd(DATA) & 8, 0u);
    EXPECT_EQ(time_.pending(), 0u);
}

TEST_F(Pl061Test, ADestroyedButtonLeavesNoTimer) {
    {
        PowerButton button(gpio_, time_);
        button.press();
    }
    EXPECT_EQ(time_.pending(), 0u);
}

}  // namespace
}  // namespace trapeze::devices
