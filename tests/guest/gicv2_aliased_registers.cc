// smp: 2
// irqchip: gicv2
// only: trapeze
#include "gicv2.h"

using namespace guest;

// IHI0048 "GICC_AIAR", "GICC_AEOIR", "GICC_AHPPIR": the registers of group 1. (QEMU 7.2 does not have
// them, and no sender in GICC_HPPIR.)
TEST(gicv2_aliased_registers) {
    constexpr u32 kSpi = gic::kFreeSpi;
    gic::init();
    gicv2::write_cpu(gicv2::kCpuCtlr, gicv2::kEnableGrp0 | gicv2::kEnableGrp1);
    gic::set_edge(kSpi, true);
    gic::enable(kSpi);
    gic::set_pending(kSpi);
    EXPECT(wait_until([] { return irq_signalled(); }));
    // Group 0 is none of their business.
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAhppir), gic::kSpurious);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAiar), gic::kSpurious);
    EXPECT(gic::is_pending(kSpi));
    gic::set_group(kSpi, 1);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAhppir), kSpi);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAiar), kSpi);
    EXPECT(gic::is_active(kSpi));
    EXPECT_EQ(bits_set(gicv2::read_cpu(gicv2::kNsapr0)), 1);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kApr0), 0);
    gicv2::write_cpu(gicv2::kAeoir, kSpi);
    EXPECT(!gic::is_active(kSpi));
    EXPECT_EQ(gicv2::read_cpu(gicv2::kNsapr0), 0);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAiar), gic::kSpurious);
    // They name the sender of an SGI, and so does GICC_HPPIR.
    write8(gic::kDist + gicv2::kSpendsgir + 2, 1 << 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gicv2::read_cpu(gicv2::kHppir), gicv2::sgi_from(1, 2));
    gic::set_group(2, 1);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAhppir), gicv2::sgi_from(1, 2));
    EXPECT_EQ(gicv2::read_cpu(gicv2::kAiar), gicv2::sgi_from(1, 2));
    gicv2::write_cpu(gicv2::kAeoir, gicv2::sgi_from(1, 2));
    EXPECT(!gic::is_active(2));
}
