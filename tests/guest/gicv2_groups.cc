// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

constexpr u32 kSpi = gic::kFreeSpi;
constexpr u32 kOther = gic::kFreeSpi + 1;
constexpr u32 kBoth = gicv2::kEnableGrp0 | gicv2::kEnableGrp1;

void control(u32 value) {
    gicv2::write_cpu(gicv2::kCpuCtlr, value);
}

void raise(u32 intid, unsigned group, u8 priority) {
    gic::set_edge(intid, true);
    gic::set_group(intid, group);
    gic::set_priority(intid, priority);
    gic::enable(intid);
    gic::set_pending(intid);
}

u32 fiqs = 0;
u32 last = 0;

void on_fiq() {
    last = gicv2::read_cpu(gicv2::kIar);
    gicv2::write_cpu(gicv2::kEoir, last);
    store(fiqs, fiqs + 1);
}

void group0() {
    control(kBoth);
    raise(kSpi, 0, 0xa0);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT(!fiq_signalled());
    control(kBoth | gicv2::kFiqEn);
    EXPECT(wait_until([] { return fiq_signalled(); }));
    EXPECT(!irq_signalled());
    // Group enables, here and in the distributor.
    control(gicv2::kEnableGrp1 | gicv2::kFiqEn);
    EXPECT(wait_until([] { return !fiq_signalled(); }));
    control(kBoth | gicv2::kFiqEn);
    write32(gic::kDist + gic::kCtlr, 2);
    EXPECT(wait_until([] { return !fiq_signalled() && !irq_signalled(); }));
    write32(gic::kDist + gic::kCtlr, 3);
    this_cpu().on_fiq = on_fiq;
    enable_interrupts();
    EXPECT(wait_until([] { return load(fiqs) == 1; }));
    mask_interrupts();
    EXPECT_EQ(last, kSpi);
    EXPECT(!gic::is_active(kSpi));
}

void group1() {
    // 1022 says that there is one, and acknowledges nothing.
    raise(kSpi, 1, 0xa0);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT(!fiq_signalled());
    EXPECT_EQ(gicv2::read_cpu(gicv2::kHppir), gicv2::kOtherGroup);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), gicv2::kOtherGroup);
    EXPECT(gic::is_pending(kSpi) && !gic::is_active(kSpi));
    control(kBoth | gicv2::kFiqEn | gicv2::kAckCtl);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kHppir), kSpi);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), kSpi);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kRpr), 0xa0);
    EXPECT_EQ(gic::active_priorities(), 0);  // of group 0
    // Group 0 preempts it, as FIQ.
    raise(kOther, 0, 0x40);
    EXPECT(wait_until([] { return fiq_signalled(); }));
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), kOther);
    EXPECT_EQ(gic::active_priorities(), 1);
    gicv2::write_cpu(gicv2::kEoir, kOther);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kRpr), 0xa0);
    gicv2::write_cpu(gicv2::kEoir, kSpi);
    EXPECT(!gic::is_active(kSpi));
    EXPECT_EQ(gic::running_priority(), gic::kIdlePriority);
}

}  // namespace

// IHI0048 "Interrupt grouping": a GICv2 has both groups, also without the Security Extensions. Group 0 is
// signalled as IRQ, or as FIQ with GICC_CTLR.FIQEn; group 1 always as IRQ, and GICC_IAR shows it with
// GICC_CTLR.AckCtl.
TEST(gicv2_groups) {
    gic::init();
    group0();
    group1();
}
