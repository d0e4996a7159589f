// The receiving side. Expectations from Arm DDI 0183, and from what drivers do that were written to it.
#include "pl011_fixture.h"

namespace trapeze::devices {
namespace {

TEST_F(Pl011Test, HoldsInputUntilEnabled) {
    EXPECT_EQ(uart_.receive_capacity(), 0u);
    wr(LCR_H, kFen);
    wr(CR, kRxe);
    EXPECT_EQ(uart_.receive_capacity(), 0u);
    wr(CR, kUarten);
    EXPECT_EQ(uart_.receive_capacity(), 0u);
    EXPECT_EQ(port_.ready_calls, 0);
    wr(CR, kUarten | kRxe);
    EXPECT_EQ(port_.ready_calls, 1);
    EXPECT_EQ(uart_.receive_capacity(), 32u);
}

TEST_F(Pl011Test, CapacityIsTheFreeSpaceOfTheFifo) {
    enable();
    type("12345");
    EXPECT_EQ(uart_.receive_capacity(), 27u);
    wr(CR, 0);
    wr(LCR_H, 0);
    wr(CR, kOn);
    EXPECT_EQ(uart_.receive_capacity(), 1u) << "clearing FEN flushed; one holding register is left";
    type("x");
    EXPECT_EQ(uart_.receive_capacity(), 0u);
    EXPECT_NE(rd(FR) & RXFF, 0u);
    EXPECT_EQ(rd(DR), u32{'x'});
    EXPECT_EQ(port_.ready_calls, 1);
}

TEST_F(Pl011Test, AsksForMoreOnceTheFullFifoHasDrained) {
    enable();
    type(std::string(32, 'x'));
    EXPECT_NE(rd(FR) & RXFF, 0u);
    EXPECT_EQ(uart_.receive_capacity(), 0u);
    while ((rd(FR) & RXFE) == 0) rd(DR);
    EXPECT_EQ(port_.ready_calls, 1);
    EXPECT_EQ(uart_.receive_capacity(), 32u);
    type("y");
    rd(DR);
    EXPECT_EQ(port_.ready_calls, 1) << "only after having reported none";
}

TEST_F(Pl011Test, ReceiveInterrupts) {
    enable();
    wr(IMSC, RXINT);
    type(std::string(15, 'x'));
    EXPECT_EQ(rd(RIS), u32{RTINT}) << "below half";
    EXPECT_FALSE(line());
    type("x");
    EXPECT_EQ(rd(RIS), RXINT | RTINT);
    EXPECT_TRUE(line());
    rd(DR);
    EXPECT_EQ(rd(RIS), u32{RTINT}) << "reading below the level clears RX";
    EXPECT_FALSE(line());
    wr(IMSC, RTINT);
    EXPECT_TRUE(line());
    while ((rd(FR) & RXFE) == 0) rd(DR);
    EXPECT_EQ(rd(RIS), 0u);
    EXPECT_FALSE(line());
}

TEST_F(Pl011Test, EveryReceiveTriggerLevel) {
    const unsigned levels[] = {4, 8, 16, 24, 28};  // eighths 1, 2, 4, 6, 7 of 32
    for (u32 select = 0; select < 5; ++select) {
        uart_.reset();
        enable();
        wr(IFLS, select << 3);
        type(std::string(levels[select] - 1, 'x'));
        EXPECT_EQ(rd(RIS) & RXINT, 0u) << select;
        type("x");
        EXPECT_NE(rd(RIS) & RXINT, 0u) << select;
    }
}

TEST_F(Pl011Test, WithoutFifosEveryCharacterInterrupts) {
    enable(0);
    wr(IMSC, RXINT);
    type("x");
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(DR), u32{'x'});
    EXPECT_FALSE(line());
}

TEST_F(Pl011Test, ClearedReceiveInterruptsStayClearUntilSomethingHappens) {
    enable();
    wr(IMSC, RXINT | RTINT);
    type("ab");
    wr(ICR, RTINT);
    EXPECT_FALSE(line()) << "no storm for a driver that clears first";
    type("c");
    EXPECT_TRUE(line());
    wr(ICR, RTINT);
    rd(DR);
    EXPECT_TRUE(line()) << "two characters are left and time out again";
}

TEST_F(Pl011Test, BreakFromTheHost) {
    enable();
    wr(IMSC, BEINT);
    uart_.receive_break();
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(DR), 0x400u) << "BE with data 0";
    EXPECT_EQ(rd(RSR), 4u);
    wr(ICR, BEINT);
    EXPECT_FALSE(line());
    type("h");
    EXPECT_EQ(rd(DR), u32{'h'});
    EXPECT_EQ(rd(RSR), 0u) << "the status is that of the character read last";
}

TEST_F(Pl011Test, BreakNeedsTheReceiver) {
    uart_.receive_break();
    EXPECT_EQ(rd(RIS), 0u);
    EXPECT_NE(rd(FR) & RXFE, 0u);
}

TEST_F(Pl011Test, Overrun) {
    enable(0);
    wr(IMSC, OEINT);
    type("ab");  // more than the capacity of one
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(RSR), 8u);
    EXPECT_EQ(rd(DR), 0x800u | 'a') << "the FIFO's contents stay valid";
    wr(RSR, 0xff);
    EXPECT_EQ(rd(RSR), 0u) << "any write to UARTECR clears";
    wr(ICR, OEINT);
    EXPECT_FALSE(line());
    type("c");
    EXPECT_EQ(rd(DR), u32{'c'}) << "OE ends once there is room again";
}

}  // namespace
}  // namespace trapeze::devices
