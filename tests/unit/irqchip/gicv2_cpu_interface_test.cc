// The CPU interface: acknowledge and end, groups, priorities and preemption.
#include "gicv2_fixture.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

class Gicv2CpuInterface : public ::testing::Test {
protected:
    Gicv2CpuInterface() { b.bring_up(); }

    // An SPI for vCPU 0 that is edge-triggered, enabled and pending at a priority.
    void raise(u32 intid, u8 priority) {
        b.set_edge(intid, true);
        b.set_priority(intid, priority);
        b.set_targets(intid, 1);
        b.enable(intid);
        b.gic.pulse(bus::IntId{intid});
    }
    void control(u64 value) { b.cpu_write(gicc::kCtlr, kEnableGrp0 | kEnableGrp1 | value); }
    u64 aiar() { return b.cpu(gicc::kAiar); }
    void aeoi(u64 value) { b.cpu_write(gicc::kAeoir, value); }
    u64 running() { return b.cpu(gicc::kRpr); }

    Bench b{4};
};

TEST_F(Gicv2CpuInterface, AcknowledgeAndEnd) {
    raise(40, 0xa0);
    EXPECT_TRUE(b.irq());
    EXPECT_FALSE(b.fiq());
    EXPECT_EQ(b.cpu(gicc::kHppir), 40u);
    EXPECT_EQ(b.iar(), 40u);
    EXPECT_FALSE(b.irq()) << "the line drops with the acknowledge";
    EXPECT_TRUE(b.active(40));
    EXPECT_FALSE(b.pending(40));
    EXPECT_EQ(running(), 0xa0u);
    EXPECT_EQ(b.cpu(gicc::kApr0), bit(0xa0 >> 3));
    EXPECT_EQ(b.iar(), kSpurious);
    b.eoi(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(running(), 0xffu);
    EXPECT_EQ(b.lines.lines[0].changes, 2u);
}

// What a driver that knows nothing of groups does: Linux, for one.
TEST_F(Gicv2CpuInterface, GroupZeroIsIrqUnlessFiqIsEnabled) {
    b.dist_write(gicd::kCtlr, 1);
    b.cpu_write(gicc::kCtlr, kEnableGrp0);
    raise(40, 0xa0);
    EXPECT_TRUE(b.irq() && !b.fiq());
    b.cpu_write(gicc::kCtlr, kEnableGrp0 | kFiqEn);
    EXPECT_TRUE(b.fiq() && !b.irq());
    EXPECT_EQ(b.iar(), 40u);
    b.eoi(40);
    EXPECT_FALSE(b.fiq());
}

TEST_F(Gicv2CpuInterface, GroupOneIsAlwaysIrq) {
    control(kFiqEn);
    b.set_group1(40);
    raise(40, 0xa0);
    EXPECT_TRUE(b.irq() && !b.fiq());
}

TEST_F(Gicv2CpuInterface, GroupOneBelongsToTheAliases) {
    b.set_group1(40);
    raise(40, 0xa0);
    EXPECT_EQ(b.cpu(gicc::kHppir), 1022u);
    EXPECT_EQ(b.cpu(gicc::kAhppir), 40u);
    EXPECT_EQ(b.iar(), 1022u);
    EXPECT_TRUE(b.irq() && !b.active(40)) << "1022 acknowledges nothing";
    EXPECT_EQ(aiar(), 40u);
    EXPECT_EQ(b.cpu(gicc::kNsapr0), bit(0xa0 >> 3));
    EXPECT_EQ(b.cpu(gicc::kApr0), 0u);
    EXPECT_EQ(b.iar(), kSpurious);
    aeoi(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(running(), 0xffu);
}

TEST_F(Gicv2CpuInterface, AckCtlLetsOneRegisterServeBothGroups) {
    control(kAckCtl);
    b.set_group1(40);
    raise(40, 0xa0);
    EXPECT_EQ(b.cpu(gicc::kHppir), 40u);
    EXPECT_EQ(b.iar(), 40u);
    b.eoi(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(running(), 0xffu);
}

TEST_F(Gicv2CpuInterface, AliasesDoNotShowGroupZero) {
    raise(40, 0xa0);
    EXPECT_EQ(b.cpu(gicc::kAhppir), kSpurious);
    EXPECT_EQ(aiar(), kSpurious);
    EXPECT_EQ(b.iar(), 40u);
    aeoi(40);
    EXPECT_TRUE(b.active(40));
    EXPECT_EQ(running(), 0xa0u);
    b.eoi(40);
    EXPECT_FALSE(b.active(40));
}

// UNPREDICTABLE: done as if AckCtl were set.
TEST_F(Gicv2CpuInterface, EndOfGroupOneByTheWrongRegister) {
    b.set_group1(40);
    raise(40, 0xa0);
    EXPECT_EQ(aiar(), 40u);
    b.eoi(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(running(), 0xffu);
}

TEST_F(Gicv2CpuInterface, DistributorForwardsTheBestOfTheEnabledGroups) {
    b.set_group1(41);
    raise(40, 0x80);
    raise(41, 0xa0);
    EXPECT_EQ(b.cpu(gicc::kAhppir), kSpurious);
    b.dist_write(gicd::kCtlr, 2);
    EXPECT_EQ(b.cpu(gicc::kAhppir), 41u);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(aiar(), 41u);
    b.dist_write(gicd::kCtlr, 0);
    EXPECT_EQ(b.cpu(gicc::kHppir), kSpurious);
}

// The CPU interface gets one interrupt from the distributor; if its group is off, nothing takes its place.
TEST_F(Gicv2CpuInterface, AGroupThatIsOffHidesWhatIsBelowIt) {
    b.set_group1(41);
    raise(40, 0x80);
    raise(41, 0xa0);
    b.cpu_write(gicc::kCtlr, kEnableGrp1);
    EXPECT_FALSE(b.irq() || b.fiq());
    EXPECT_EQ(b.iar(), kSpurious);
    EXPECT_EQ(aiar(), kSpurious);
    EXPECT_EQ(b.cpu(gicc::kHppir), 40u) << "pending all the same";
    b.set_priority(41, 0x40);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(aiar(), 41u);
}

TEST_F(Gicv2CpuInterface, PriorityMask) {
    raise(40, 0x80);
    b.cpu_write(gicc::kPmr, 0x80);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.iar(), kSpurious);
    EXPECT_EQ(b.cpu(gicc::kHppir), 40u) << "GICC_HPPIR does not look at the mask";
    b.cpu_write(gicc::kPmr, 0x88);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar(), 40u);
}

TEST_F(Gicv2CpuInterface, PriorityThenLowestIntidDecides) {
    raise(43, 0x80);
    raise(42, 0x80);
    raise(44, 0x40);
    raise(41, 0xc0);
    for (const u32 expected : {44u, 42u, 43u, 41u}) {
        ASSERT_EQ(b.iar(), expected);
        b.eoi(expected);
    }
    EXPECT_EQ(b.iar(), kSpurious);
}

TEST_F(Gicv2CpuInterface, PreemptionNestsByGroupPriority) {
    raise(40, 0xa0);
    EXPECT_EQ(b.iar(), 40u);
    raise(41, 0xa0);
    EXPECT_FALSE(b.irq()) << "equal priority does not preempt";
    raise(42, 0x60);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar(), 42u);
    EXPECT_EQ(running(), 0x60u);
    EXPECT_EQ(b.cpu(gicc::kApr0), bit(0x60 >> 3) | bit(0xa0 >> 3));
    b.eoi(42);
    EXPECT_EQ(running(), 0xa0u);
    EXPECT_FALSE(b.irq());
    b.eoi(40);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar(), 41u);
}

TEST_F(Gicv2CpuInterface, GroupZeroPreemptsGroupOne) {
    control(kFiqEn);
    b.set_group1(40);
    raise(40, 0x80);
    EXPECT_EQ(aiar(), 40u);
    raise(41, 0x40);
    EXPECT_TRUE(b.fiq());
    EXPECT_EQ(b.iar(), 41u);
    aeoi(40);  // group 0 is running: refused
    EXPECT_TRUE(b.active(40));
    b.eoi(41);
    aeoi(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(running(), 0xffu);
}

TEST_F(Gicv2CpuInterface, BinaryPointsLimitPreemption) {
    b.cpu_write(gicc::kBpr, 4);   // group 0: [7:5]
    b.cpu_write(gicc::kAbpr, 6);  // group 1: [7:6]
    raise(40, 0x98);
    EXPECT_EQ(b.iar(), 40u);
    EXPECT_EQ(running(), 0x80u);
    raise(41, 0x80);
    EXPECT_FALSE(b.irq());
    b.set_group1(42);
    raise(42, 0x78);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(aiar(), 42u);
    EXPECT_EQ(running(), 0x40u);
    aeoi(42);
    control(kCbpr);
    b.gic.pulse(bus::IntId{42});
    EXPECT_EQ(aiar(), 42u);
    EXPECT_EQ(running(), 0x60u) << "GICC_BPR for both";
}

TEST_F(Gicv2CpuInterface, SubpriorityStillOrders) {
    b.cpu_write(gicc::kBpr, 7);
    raise(40, 0x98);
    raise(41, 0x80);
    EXPECT_EQ(b.iar(), 41u);
}

TEST_F(Gicv2CpuInterface, SplitEndDropsPriorityThenDeactivates) {
    control(kEoiMode);
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    b.eoi(40);
    EXPECT_EQ(running(), 0xffu);
    EXPECT_TRUE(b.active(40));
    b.gic.pulse(bus::IntId{40});
    EXPECT_TRUE(b.pending(40));
    EXPECT_FALSE(b.irq()) << "active and pending is not signalled";
    b.cpu_write(gicc::kDir, 40);
    EXPECT_FALSE(b.active(40));
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2CpuInterface, AnotherVcpuMayDeactivateASpi) {
    control(kEoiMode);
    b.cpu_write(gicc::kCtlr, kEoiMode, 3);
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    b.eoi(40);
    b.cpu_write(gicc::kDir, 40, 3);
    EXPECT_FALSE(b.active(40));
}

TEST_F(Gicv2CpuInterface, DirIsIgnoredWithoutSplitEnd) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    b.cpu_write(gicc::kDir, 40);
    EXPECT_TRUE(b.active(40));
}

TEST_F(Gicv2CpuInterface, SpecialIntidsAreIgnored) {
    control(kEoiMode);
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    for (const u64 intid : {1020u, 1021u, 1022u, 1023u}) {
        b.eoi(intid);
        aeoi(intid);
        b.cpu_write(gicc::kDir, intid);
        EXPECT_EQ(running(), 0x80u) << intid;
        EXPECT_TRUE(b.active(40));
    }
}

TEST_F(Gicv2CpuInterface, EndOfAnotherInterruptStillDropsThePriority) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    b.eoi(77);
    EXPECT_EQ(running(), 0xffu);
    EXPECT_TRUE(b.active(40));
    b.eoi(40);  // nothing is running any more
    EXPECT_TRUE(b.active(40));
    b.clear_active(40);
    EXPECT_FALSE(b.active(40));
}

TEST_F(Gicv2CpuInterface, WritingActivePrioritiesRestoresThem) {
    raise(40, 0x80);
    b.cpu_write(gicc::kNsapr0, bit(2));
    EXPECT_EQ(running(), 0x10u);
    EXPECT_FALSE(b.irq());
    b.cpu_write(gicc::kNsapr0, 0);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2CpuInterface, ChangingAGroupWhilePendingMovesTheLine) {
    control(kFiqEn);
    raise(40, 0x80);
    EXPECT_TRUE(b.fiq() && !b.irq());
    b.set_group1(40);
    EXPECT_TRUE(b.irq() && !b.fiq());
    EXPECT_EQ(aiar(), 40u);
}

TEST_F(Gicv2CpuInterface, ChangingAPriorityWhilePendingReorders) {
    raise(40, 0x80);
    raise(41, 0x90);
    EXPECT_EQ(b.cpu(gicc::kHppir), 40u);
    b.set_priority(41, 0x10);
    EXPECT_EQ(b.cpu(gicc::kHppir), 41u);
    b.set_priority(41, 0xf8);  // as low as the mask: never signalled
    b.disable(40);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.cpu(gicc::kHppir), 41u);
}

TEST_F(Gicv2CpuInterface, ResetOfThePeTouchesTheCpuInterfaceOnly) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar(), 40u);
    raise(41, 0x40);
    EXPECT_TRUE(b.irq());
    b.gic.reset_cpu(0);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.cpu(gicc::kCtlr), 0u);
    EXPECT_EQ(b.cpu(gicc::kPmr), 0u);
    EXPECT_EQ(running(), 0xffu);
    EXPECT_TRUE(b.active(40));
    EXPECT_TRUE(b.pending(41));
    EXPECT_EQ(b.dist(gicd::kCtlr), 3u);
    EXPECT_EQ(b.cpu(gicc::kPmr, 1), 0xf8u);
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
