// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u64 kLcrH = kUart + 0x2c;
constexpr u64 kImsc = kUart + 0x38;
constexpr u64 kRis = kUart + 0x3c;
constexpr u64 kMis = kUart + 0x40;
constexpr u64 kIcr = kUart + 0x44;
constexpr u32 kTx = 1 << 5;
constexpr u32 kIntid = 77;

// The transmit interrupt is asserted while the holding register is empty.
void assert_line() {
    write32(kUart, '.');
    EXPECT(wait_until([] { return (read32(kRis) & kTx) != 0; }));
    write32(kImsc, kTx);
    EXPECT_EQ(read32(kMis), kTx);
}
void deassert_line() {
    write32(kIcr, kTx);
    write32(kImsc, 0);
    EXPECT_EQ(read32(kMis), 0);
}

}  // namespace

// The wire of a device through the rVID. It interrupts for as long as it is high, although the guest only
// ever unmasks: a driver that leaves its handler with work to do is called again.
TEST(rvic_pl011_is_level) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    write32(kLcrH, 0x60);  // no FIFOs
    write32(kImsc, 0);
    write32(kIcr, 0x7ff);
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);

    // Not mapped: nothing. The level is not forgotten, though.
    assert_line();
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::map(rvic::kUartInput, 0, kIntid), rvic::kSuccess);
    EXPECT(irq_signalled());
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(rvic::acknowledge(), kIntid);
        EXPECT(!irq_signalled());
        EXPECT(!rvic::is_pending(0, kIntid));
        EXPECT_EQ(rvic::acknowledge(), rvic::kNone);
        EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
        EXPECT(irq_signalled());
    }
    EXPECT_EQ(rvic::acknowledge(), kIntid);
    deassert_line();
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
    EXPECT(!irq_signalled());

    // A rising edge while masked waits.
    EXPECT_EQ(rvic::mask(0, kIntid), rvic::kSuccess);
    assert_line();
    EXPECT(rvic::is_pending(0, kIntid));
    EXPECT(!irq_signalled());
    deassert_line();
    EXPECT(rvic::is_pending(0, kIntid));
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::acknowledge(), kIntid);
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
    EXPECT(!irq_signalled());

    // Led to the other CPU, whose rVIC is disabled, it does not come here any more.
    EXPECT_EQ(rvic::map(rvic::kUartInput, 1, kIntid), rvic::kSuccess);
    assert_line();
    EXPECT(!irq_signalled());
    EXPECT(!rvic::is_pending(1, kIntid));
    EXPECT_EQ(rvic::unmap(rvic::kUartInput), rvic::kSuccess);
    EXPECT(!irq_signalled());
    deassert_line();
    write32(kLcrH, 0x70);
}
