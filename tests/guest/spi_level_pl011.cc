// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

namespace {

constexpr u64 kLcrH = kUart + 0x2c;
constexpr u64 kImsc = kUart + 0x38;
constexpr u64 kRis = kUart + 0x3c;
constexpr u64 kMis = kUart + 0x40;
constexpr u64 kIcr = kUart + 0x44;
constexpr u32 kTx = 1 << 5;

}  // namespace

// A level interrupt follows its line: it stays pending while the device asserts it, whatever is acknowledged.
TEST(spi_level_pl011) {
    gic::init();
    gic::set_target(gic::kUart, 0);
    gic::enable(gic::kUart);
    write32(kLcrH, 0x60);  // no FIFOs: the transmit interrupt means an empty holding register
    write32(kIcr, 0x7ff);
    write32(kImsc, 0);
    EXPECT(!gic::is_pending(gic::kUart));
    write32(kUart, '.');
    EXPECT(wait_until([] { return (read32(kRis) & kTx) != 0; }));
    EXPECT_EQ(read32(kMis), 0);
    EXPECT(!gic::is_pending(gic::kUart));
    write32(kImsc, kTx);
    EXPECT_EQ(read32(kMis), kTx);
    EXPECT(wait_until([] { return irq_signalled(); }));
    for (int i = 0; i < 3; ++i) {
        EXPECT(gic::is_pending(gic::kUart));
        EXPECT_EQ(gic::acknowledge(), gic::kUart);
        EXPECT(gic::is_active(gic::kUart));
        EXPECT(gic::is_pending(gic::kUart));
        EXPECT(!irq_signalled());
        EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
        gic::end(gic::kUart);
        EXPECT(!gic::is_active(gic::kUart));
    }
    // Cannot be cleared in the GIC while the line is high.
    gic::clear_pending(gic::kUart);
    EXPECT(gic::is_pending(gic::kUart));
    write32(kIcr, kTx);
    EXPECT_EQ(read32(kMis), 0);
    EXPECT(wait_until([] { return !gic::is_pending(gic::kUart); }));
    EXPECT(!irq_signalled());
    write32(kImsc, 0);
    write32(kLcrH, 0x70);
}
