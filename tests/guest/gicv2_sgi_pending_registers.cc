// smp: 2
// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

constexpr u64 kSet = gic::kDist + gicv2::kSpendsgir;
constexpr u64 kClear = gic::kDist + gicv2::kCpendsgir;

}  // namespace

// IHI0048 "GICD_SPENDSGIRn", "GICD_CPENDSGIRn": a byte for each SGI, a bit for each sender. GICD_ISPENDR0 and
// GICD_ICPENDR0 show SGIs and do not change them.
TEST(gicv2_sgi_pending_registers) {
    gic::init();
    gic::set_mask(0);
    for (u64 i = 0; i < 16; i += 4) EXPECT_EQ_AT(i, read32(kSet + i), 0);
    // SGI 4 from both CPUs, 5 from 1, 7 from 0, by bytes and by words.
    write8(kSet + 4, 3);
    write8(kSet + 5, 2);
    write8(kSet + 7, 1);
    EXPECT_EQ(read32(kSet + 4), 0x01000203);
    EXPECT_EQ(read32(kClear + 4), 0x01000203);
    EXPECT_EQ(read8(kClear + 5), 2);
    EXPECT_EQ(read32(gic::kDist + gic::kIspendr), 0xb0);
    write32(gic::kDist + gic::kIcpendr, 0xffff);
    write32(gic::kDist + gic::kIspendr, 0x1);
    EXPECT_EQ(read32(gic::kDist + gic::kIspendr), 0xb0);
    write8(kClear + 4, 1);
    EXPECT_EQ(read32(kSet + 4), 0x01000202);
    write8(kSet + 12, 2);
    EXPECT_EQ(read32(kSet + 12), 2);
    EXPECT_EQ(read32(gic::kDist + gic::kIspendr), 0x10b0);
    write32(kClear + 4, 0x01000000);
    EXPECT_EQ(read32(kSet + 4), 0x00000202);
    gic::set_mask(0xff);
    // What is left.
    u32 seen = 0;
    for (int i = 0; i < 3; ++i) {
        EXPECT(wait_until([] { return irq_signalled(); }));
        const u32 value = gicv2::read_cpu(gicv2::kIar);
        EXPECT_EQ(value >> 10, 1);
        seen |= 1u << (value & 15);
        gicv2::write_cpu(gicv2::kEoir, value);
    }
    EXPECT_EQ(seen, 0x1030);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), gic::kSpurious);
}
