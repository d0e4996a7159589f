// Expectations from Arm DDI 0183, and from what drivers do that were written to it.
#include "pl011_fixture.h"

namespace trapeze::devices {
namespace {

TEST_F(Pl011Test, ResetValues) {
    EXPECT_EQ(rd(FR), TXFE | RXFE | CTS | DSR | DCD);
    EXPECT_EQ(rd(CR), 0x300u);
    EXPECT_EQ(rd(IFLS), 0x12u);
    for (const u64 offset : {DR, RSR, ILPR, IBRD, FBRD, LCR_H, IMSC, RIS, MIS, ICR, DMACR}) {
        EXPECT_EQ(rd(offset), 0u) << offset;
    }
    EXPECT_FALSE(line());
}

TEST_F(Pl011Test, IdentifiesItself) {
    // DDI0183 "Peripheral identification registers": part 0x011, designer 0x41; revision 3 is r1p5.
    u64 peripheral = 0, cell = 0;
    for (unsigned i = 0; i < 4; ++i) {
        peripheral |= u64{rd(0xfe0 + 4 * i)} << (8 * i);
        cell |= u64{rd(0xff0 + 4 * i)} << (8 * i);
    }
    EXPECT_EQ(peripheral, 0x00341011u);
    EXPECT_EQ(cell, 0xb105f00du);
}

TEST_F(Pl011Test, SurvivesEveryAccess) {
    walk(uart_);
    uart_.reset();
    EXPECT_EQ(rd(CR), 0x300u);
    EXPECT_EQ(rd(LCR_H), 0u);
}

TEST_F(Pl011Test, NothingBetweenTheRegisters) {
    // DDI0183 "Summary of registers"; 64-bit accesses have no meaning anywhere.
    expect_zero_elsewhere(uart_, {{DR, RSR, 7}, {FR, FR, 7}, {ILPR, DMACR, 7}, {0xfe0, 0xffc, 7}});
}

TEST_F(Pl011Test, RegistersKeepTheirBitsInEveryWidth) {
    const struct {
        u64 offset;
        u32 bits;
    } registers[] = {{ILPR, 0xff}, {IBRD, 0xffff}, {FBRD, 0x3f},  {LCR_H, 0xff},
                     {CR, 0xff87}, {IFLS, 0x3f},   {IMSC, 0x7ff}, {DMACR, 7}};
    for (const auto& r : registers) {
        for (const unsigned size : {1u, 2u, 4u}) {
            const u32 ones = size == 4 ? ~0u : (1u << (size * 8)) - 1;
            wr(r.offset, ones, size);
            EXPECT_EQ(rd(r.offset, 4), r.bits & ones) << r.offset << " size " << size;
            EXPECT_EQ(rd(r.offset, size), r.bits & ones) << r.offset << " size " << size;
            wr(r.offset, 0, size);
            EXPECT_EQ(rd(r.offset), 0u);
        }
    }
}

TEST_F(Pl011Test, OtherByteLanesAreEmpty) {
    enable();
    type("ab");
    EXPECT_EQ(rd(DR + 1, 1), 0u);
    EXPECT_EQ(rd(DR + 2, 2), 0u);
    wr(DR + 1, 'x', 1);
    EXPECT_EQ(port_.sent, "");
    EXPECT_EQ(rd(DR, 1), u32{'a'}) << "the accesses above took nothing from the FIFO";
}

TEST_F(Pl011Test, SendsWithoutSetUp) {
    for (const char c : std::string("early")) wr(DR, static_cast<u32>(c), 1);
    EXPECT_EQ(port_.sent, "early");
    EXPECT_NE(rd(FR) & TXFE, 0u);
    EXPECT_EQ(rd(FR) & (BUSY | TXFF), 0u);
}

TEST_F(Pl011Test, ASlowHostShowsInTheFlagsAndLosesNothing) {
    enable();
    port_.room = 1;
    for (u32 i = 0; i < 33; ++i) {
        EXPECT_EQ(rd(FR) & TXFF, 0u) << i;
        wr(DR, 'a' + i % 26);
    }
    EXPECT_EQ(port_.sent.size(), 1u);
    EXPECT_EQ(rd(FR) & (TXFF | BUSY | TXFE), TXFF | BUSY);
    wr(DR, '!');  // the driver ignored TXFF
    port_.room = 10;
    uart_.send_ready();
    EXPECT_EQ(port_.sent, "abcdefghijk");
    EXPECT_EQ(rd(FR) & (TXFF | BUSY | TXFE), u32{BUSY});
    port_.room = 100;
    uart_.send_ready();
    EXPECT_EQ(port_.sent, "abcdefghijklmnopqrstuvwxyzabcdefg");
    EXPECT_EQ(rd(FR) & (TXFF | BUSY | TXFE), u32{TXFE});
}

TEST_F(Pl011Test, WithoutFifosOneCharacterFills) {
    enable(0);
    port_.room = 0;
    wr(DR, 'x');
    EXPECT_NE(rd(FR) & TXFF, 0u);
}

TEST_F(Pl011Test, TransmitInterruptComesFromCharactersLeaving) {
    enable();
    wr(IMSC, TXINT);
    EXPECT_FALSE(line()) << "an empty FIFO is no event";
    port_.room = 0;
    wr(DR, '0');
    EXPECT_FALSE(line()) << "nor is a character that waits";
    port_.room = 100;
    wr(DR, 'a');
    EXPECT_TRUE(line());
    EXPECT_EQ(rd(MIS), u32{TXINT});
    wr(ICR, TXINT);
    EXPECT_FALSE(line());
    EXPECT_EQ(rd(RIS) & TXINT, 0u);
}

TEST_F(Pl011Test, TransmitInterruptFollowsTheTriggerLevel) {
    enable();
    wr(IFLS, 0);  // 1/8: four characters
    wr(IMSC, TXINT);
    wr(DR, 'a');
    EXPECT_TRUE(line());
    port_.room = 0;
    for (int i = 0; i < 4; ++i) wr(DR, 'b');
    EXPECT_TRUE(line());
    wr(DR, 'c');  // above the level clears it
    EXPECT_FALSE(line());
    port_.room = 1;
    uart_.send_ready();
    EXPECT_TRUE(line());
}

TEST_F(Pl011Test, LoopbackReturnsWhatIsSent) {
    wr(LCR_H, kFen);
    wr(CR, kOn | kLbe);
    EXPECT_EQ(uart_.receive_capacity(), 0u) << "the line is not listened to";
    wr(DR, 'q');
    EXPECT_EQ(port_.sent, "");
    EXPECT_EQ(rd(DR), u32{'q'});
    for (u32 i = 0; i < 33; ++i) wr(DR, i);
    EXPECT_NE(rd(RIS) & OEINT, 0u);
    for (u32 i = 0; i < 32; ++i) EXPECT_EQ(rd(DR) & 0xff, i);
    EXPECT_NE(rd(FR) & RXFE, 0u);
    wr(LCR_H, kFen | 1);
    EXPECT_EQ(rd(DR) & 0x4ff, 0x400u) << "sending a break comes back as one";
    wr(CR, kOn);
    EXPECT_EQ(port_.ready_calls, 1);
}

TEST_F(Pl011Test, LoopbackConnectsModemLinesAndTheirInterrupts) {
    wr(CR, kOn | kLbe);
    EXPECT_EQ(rd(FR) & (CTS | DSR | DCD | RI), 0u);
    EXPECT_EQ(rd(RIS), CTSINT | DSRINT | DCDINT) << "all three changed";
    wr(ICR, 0x7ff);
    wr(IMSC, 0xf);
    const struct {
        u32 output, input, interrupt;
    } lines[] = {
        {1u << 10, DSR, DSRINT}, {1u << 11, CTS, CTSINT}, {1u << 12, DCD, DCDINT}, {1u << 13, RI, RIINT}};
    for (const auto& l : lines) {
        wr(CR, kOn | kLbe | l.output);
        EXPECT_EQ(rd(FR) & (CTS | DSR | DCD | RI), l.input);
        EXPECT_EQ(rd(MIS), l.interrupt);
        EXPECT_TRUE(line());
        wr(ICR, l.interrupt);
        wr(CR, kOn | kLbe);
        EXPECT_EQ(rd(MIS), l.interrupt) << "the other edge too";
        wr(ICR, l.interrupt);
        EXPECT_FALSE(line());
    }
}

TEST_F(Pl011Test, MaskAndClearWork) {
    enable();
    type("x");
    wr(DR, 'y');
    EXPECT_EQ(rd(RIS), RTINT | TXINT);
    EXPECT_EQ(rd(MIS), 0u);
    wr(IMSC, 0x7ff);
    EXPECT_EQ(rd(MIS), RTINT | TXINT);
    wr(ICR, TXINT);
    EXPECT_EQ(rd(MIS), u32{RTINT});
    EXPECT_TRUE(line());
    wr(IMSC, TXINT);
    EXPECT_FALSE(line());
    wr(RIS, 0x7ff);
    wr(MIS, 0x7ff);
    EXPECT_EQ(rd(RIS), u32{RTINT}) << "read-only";
}

TEST_F(Pl011Test, ResetForgetsEverything) {
    enable();
    wr(IMSC, 0x7ff);
    type("x");
    EXPECT_TRUE(line());
    uart_.reset();
    EXPECT_FALSE(line());
    EXPECT_NE(rd(FR) & RXFE, 0u);
    EXPECT_EQ(rd(IMSC), 0u);
}

TEST_F(Pl011Test, DetachesFromThePort) {
    FakeCharPort port;
    {
        const Pl011 uart(port, bus::IrqLine());
        EXPECT_EQ(port.receiver, &uart);
    }
    EXPECT_EQ(port.receiver, nullptr);
}

TEST_F(Pl011Test, DescribesItself) {
    FakeFdt fdt;
    Pl011::describe(fdt, 0x9000000, bus::spi(1));
    EXPECT_EQ(fdt.text,
              "pl011@9000000 {\n"
              "  compatible = \"arm,pl011\", \"arm,primecell\"\n"
              "  reg = <0x0 0x9000000 0x0 0x1000>\n"
              "  interrupts = <0x0 0x1 0x4>\n"
              "  clocks = <0x2 0x2>\n"
              "  clock-names = \"uartclk\", \"apb_pclk\"\n"
              "}\n");
}

}  // namespace
}  // namespace trapeze::devices
