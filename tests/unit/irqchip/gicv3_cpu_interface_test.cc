// The CPU interface: acknowledge, EOI, priorities and preemption.
#include "gicv3_fixture.h"

namespace trapeze::irqchip::test {
namespace {

using namespace arch::reg;

class Gicv3CpuInterface : public ::testing::Test {
protected:
    Gicv3CpuInterface() { b.bring_up(); }

    // An SPI that is edge-triggered, enabled and pending at a priority.
    void raise(u32 intid, u8 priority) {
        b.set_edge(intid, true);
        b.set_priority(intid, priority);
        b.enable(intid);
        b.gic.pulse(bus::IntId{intid});
    }

    Bench b{4};
};

TEST_F(Gicv3CpuInterface, RegistersAfterReset) {
    Bench fresh(1);
    EXPECT_EQ(fresh.icc(0, ICC_PMR_EL1), 0u);
    EXPECT_EQ(fresh.icc(0, ICC_BPR0_EL1), 2u);
    EXPECT_EQ(fresh.icc(0, ICC_BPR1_EL1), 3u);
    EXPECT_EQ(fresh.icc(0, ICC_AP0R0_EL1), 0u);
    EXPECT_EQ(fresh.icc(0, ICC_AP1R0_EL1), 0u);
    EXPECT_EQ(fresh.icc(0, ICC_CTLR_EL1), 4u << 8 | 1u << 15 | 1u << 18);  // PRIbits, A3V, RSS
    EXPECT_EQ(fresh.icc(0, ICC_SRE_EL1), 7u);
    EXPECT_EQ(fresh.icc(0, ICC_IGRPEN0_EL1), 0u);
    EXPECT_EQ(fresh.icc(0, ICC_IGRPEN1_EL1), 0u);
    EXPECT_EQ(fresh.icc(0, ICC_RPR_EL1), 0xffu);
    EXPECT_EQ(fresh.icc(0, ICC_IAR0_EL1), kSpurious);
    EXPECT_EQ(fresh.icc(0, ICC_IAR1_EL1), kSpurious);
    EXPECT_EQ(fresh.icc(0, ICC_HPPIR0_EL1), kSpurious);
    EXPECT_EQ(fresh.icc(0, ICC_HPPIR1_EL1), kSpurious);
}

TEST_F(Gicv3CpuInterface, ReservedBitsAreDropped) {
    b.icc_write(0, ICC_PMR_EL1, ~u64{0});
    EXPECT_EQ(b.icc(0, ICC_PMR_EL1), 0xf8u);
    b.icc_write(0, ICC_CTLR_EL1, ~u64{0});
    EXPECT_EQ(b.icc(0, ICC_CTLR_EL1), 3u | 4u << 8 | 1u << 15 | 1u << 18);
    b.icc_write(0, ICC_SRE_EL1, 0);
    EXPECT_EQ(b.icc(0, ICC_SRE_EL1), 7u);
    b.icc_write(0, ICC_IGRPEN1_EL1, ~u64{1});
    EXPECT_EQ(b.icc(0, ICC_IGRPEN1_EL1), 0u);
    b.icc_write(0, ICC_AP1R0_EL1, 0xffff'ffff'0000'0100);
    EXPECT_EQ(b.icc(0, ICC_AP1R0_EL1), 0x100u);
}

TEST_F(Gicv3CpuInterface, BinaryPointsAreClampedAfterReservedBitsAreDropped) {
    for (const u64 value : {u64{0}, u64{1}, u64{2}, u64{8}, u64{0xffff'fff8}, ~u64{7}}) {
        b.icc_write(0, ICC_BPR0_EL1, value);
        b.icc_write(0, ICC_BPR1_EL1, value);
        EXPECT_EQ(b.icc(0, ICC_BPR0_EL1), 2u) << value;
        EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 3u) << value;
    }
    b.icc_write(0, ICC_BPR0_EL1, ~u64{0});
    b.icc_write(0, ICC_BPR1_EL1, 0x14);
    EXPECT_EQ(b.icc(0, ICC_BPR0_EL1), 7u);
    EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 4u);
}

TEST_F(Gicv3CpuInterface, CommonBinaryPoint) {
    b.icc_write(0, ICC_BPR0_EL1, 4);
    b.icc_write(0, ICC_BPR1_EL1, 6);
    b.icc_write(0, ICC_CTLR_EL1, 1);
    EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 5u) << "BPR0 plus one";
    b.icc_write(0, ICC_BPR1_EL1, 7);  // ignored
    EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 5u);
    EXPECT_EQ(b.icc(0, ICC_BPR0_EL1), 4u);
    b.icc_write(0, ICC_BPR0_EL1, 7);
    EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 7u) << "saturated";
    b.icc_write(0, ICC_CTLR_EL1, 0);
    EXPECT_EQ(b.icc(0, ICC_BPR1_EL1), 6u) << "kept underneath";
}

TEST_F(Gicv3CpuInterface, HigherActivePrioritiesRegistersAreUndefined) {
    for (const arch::SysReg reg :
         {ICC_AP0R1_EL1, ICC_AP0R2_EL1, ICC_AP0R3_EL1, ICC_AP1R1_EL1, ICC_AP1R2_EL1, ICC_AP1R3_EL1}) {
        for (const bool is_read : {true, false}) {
            EXPECT_TRUE(
                std::holds_alternative<trap::Inject>(b.spaces[0].handle({reg, 0, is_read}, b.cpus[0])));
        }
    }
}

TEST_F(Gicv3CpuInterface, DirectionsThatDoNotExistAreUndefined) {
    const struct {
        arch::SysReg reg;
        bool is_read;
    } rows[] = {{ICC_IAR0_EL1, false},   {ICC_IAR1_EL1, false}, {ICC_HPPIR0_EL1, false},
                {ICC_HPPIR1_EL1, false}, {ICC_RPR_EL1, false},  {ICC_EOIR0_EL1, true},
                {ICC_EOIR1_EL1, true},   {ICC_DIR_EL1, true},   {ICC_SGI0R_EL1, true},
                {ICC_SGI1R_EL1, true},   {ICC_ASGI1R_EL1, true}};
    for (const auto& row : rows) {
        const trap::Outcome outcome = b.spaces[0].handle({row.reg, 0, row.is_read}, b.cpus[0]);
        EXPECT_TRUE(std::holds_alternative<trap::Inject>(outcome)) << arch::sysreg_to_string(row.reg);
    }
}

TEST_F(Gicv3CpuInterface, AcknowledgeAndEndOfInterrupt) {
    raise(40, 0xa0);
    EXPECT_TRUE(b.irq());
    EXPECT_FALSE(b.fiq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), 40u);
    EXPECT_EQ(b.icc(0, ICC_HPPIR0_EL1), kSpurious);
    EXPECT_EQ(b.iar0(), kSpurious);
    EXPECT_EQ(b.iar1(), 40u);
    EXPECT_FALSE(b.irq()) << "the line drops with the acknowledge";
    EXPECT_TRUE(b.active(40));
    EXPECT_FALSE(b.pending(40));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xa0u);
    EXPECT_EQ(b.icc(0, ICC_AP1R0_EL1), bit(0xa0 >> 3));
    EXPECT_EQ(b.iar1(), kSpurious);
    b.eoi1(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
    EXPECT_EQ(b.lines.lines[0].changes, 2u);
}

TEST_F(Gicv3CpuInterface, GroupZeroIsFiq) {
    b.set_group0(41);
    raise(41, 0x20);
    EXPECT_TRUE(b.fiq());
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR0_EL1), 41u);
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), kSpurious);
    EXPECT_EQ(b.iar1(), kSpurious);
    EXPECT_EQ(b.iar0(), 41u);
    EXPECT_EQ(b.icc(0, ICC_AP0R0_EL1), bit(4));
    EXPECT_EQ(b.icc(0, ICC_AP1R0_EL1), 0u);
    b.eoi1(41);  // the wrong register
    EXPECT_TRUE(b.active(41));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0x20u);
    b.eoi0(41);
    EXPECT_FALSE(b.active(41));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
}

TEST_F(Gicv3CpuInterface, TheBestOfBothGroupsIsSignalled) {
    b.set_group0(41);
    raise(40, 0x80);
    raise(41, 0xa0);
    EXPECT_TRUE(b.irq());
    EXPECT_FALSE(b.fiq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR0_EL1), kSpurious);
    b.icc_write(0, ICC_IGRPEN1_EL1, 0);  // a disabled group hides nothing of the other
    EXPECT_FALSE(b.irq());
    EXPECT_TRUE(b.fiq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR0_EL1), 41u);
}

TEST_F(Gicv3CpuInterface, GroupEnablesGateDelivery) {
    raise(40, 0x80);
    b.dist_write(0x0, 1);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.iar1(), kSpurious);
    b.dist_write(0x0, 3);
    EXPECT_TRUE(b.irq());
    b.icc_write(0, ICC_IGRPEN1_EL1, 0);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), kSpurious);
    b.icc_write(0, ICC_IGRPEN1_EL1, 1);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar1(), 40u);
}

TEST_F(Gicv3CpuInterface, PriorityMask) {
    raise(40, 0x80);
    b.icc_write(0, ICC_PMR_EL1, 0x80);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.iar1(), kSpurious);
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), 40u) << "HPPIR does not look at the mask";
    b.icc_write(0, ICC_PMR_EL1, 0x88);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar1(), 40u);
}

TEST_F(Gicv3CpuInterface, PriorityThenLowestIntidDecides) {
    raise(43, 0x80);
    raise(42, 0x80);
    raise(44, 0x40);
    raise(41, 0xc0);
    b.icc_write(0, ICC_CTLR_EL1, 2);
    for (const u32 expected : {44u, 42u, 43u, 41u}) {
        ASSERT_EQ(b.iar1(), expected);
        b.eoi1(expected);
    }
    EXPECT_EQ(b.iar1(), kSpurious);
}

TEST_F(Gicv3CpuInterface, PreemptionNestsByGroupPriority) {
    raise(40, 0xa0);
    EXPECT_EQ(b.iar1(), 40u);
    raise(41, 0xa0);
    EXPECT_FALSE(b.irq()) << "equal priority does not preempt";
    raise(42, 0x60);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar1(), 42u);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0x60u);
    EXPECT_EQ(b.icc(0, ICC_AP1R0_EL1), bit(0x60 >> 3) | bit(0xa0 >> 3));
    b.eoi1(42);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xa0u);
    EXPECT_FALSE(b.irq());
    b.eoi1(40);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar1(), 41u);
}

TEST_F(Gicv3CpuInterface, GroupZeroPreemptsGroupOne) {
    b.set_group0(41);
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    raise(41, 0x40);
    EXPECT_TRUE(b.fiq());
    EXPECT_EQ(b.iar0(), 41u);
    b.eoi1(40);  // group 0 is running: refused
    EXPECT_TRUE(b.active(40));
    b.eoi0(41);
    b.eoi1(40);
    EXPECT_FALSE(b.active(40));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
}

TEST_F(Gicv3CpuInterface, BinaryPointLimitsPreemption) {
    b.icc_write(0, ICC_BPR1_EL1, 5);  // group priority [7:5]
    raise(40, 0x98);
    EXPECT_EQ(b.iar1(), 40u);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0x80u);
    raise(41, 0x80);
    EXPECT_FALSE(b.irq());
    raise(42, 0x78);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3CpuInterface, SubpriorityStillOrders) {
    b.icc_write(0, ICC_BPR1_EL1, 5);
    raise(40, 0x98);
    raise(41, 0x80);
    EXPECT_EQ(b.iar1(), 41u);
}

TEST_F(Gicv3CpuInterface, SplitEoiDropsPriorityThenDeactivates) {
    b.icc_write(0, ICC_CTLR_EL1, 2);
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    b.eoi1(40);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
    EXPECT_TRUE(b.active(40));
    b.gic.pulse(bus::IntId{40});
    EXPECT_TRUE(b.pending(40));
    EXPECT_FALSE(b.irq()) << "active and pending is not signalled";
    b.icc_write(0, ICC_DIR_EL1, 40);
    EXPECT_FALSE(b.active(40));
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3CpuInterface, AnotherVcpuMayDeactivateASpi) {
    b.icc_write(0, ICC_CTLR_EL1, 2);
    b.icc_write(3, ICC_CTLR_EL1, 2);
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    b.eoi1(40);
    b.icc_write(3, ICC_DIR_EL1, 40);
    EXPECT_FALSE(b.active(40));
}

TEST_F(Gicv3CpuInterface, DirIsIgnoredWithoutSplitEoi) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    b.icc_write(0, ICC_DIR_EL1, 40);
    EXPECT_TRUE(b.active(40));
}

TEST_F(Gicv3CpuInterface, SpecialAndImpossibleIntidsAreIgnored) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    for (const u64 intid :
         {u64{1020}, u64{1021}, u64{1022}, u64{1023}, u64{1024}, u64{8192}, u64{0xff'ffff}}) {
        b.eoi1(intid);
        b.icc_write(0, ICC_DIR_EL1, intid);
        EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0x80u) << intid;
        EXPECT_TRUE(b.active(40));
    }
}

TEST_F(Gicv3CpuInterface, EoiOfAnotherIntidStillDropsThePriority) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    b.eoi1(77);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
    EXPECT_TRUE(b.active(40));
    b.eoi1(40);  // nothing is running any more
    EXPECT_TRUE(b.active(40));
    b.clear_active(40);
    EXPECT_FALSE(b.active(40));
}

TEST_F(Gicv3CpuInterface, WritingActivePrioritiesRestoresThem) {
    raise(40, 0x80);
    b.icc_write(0, ICC_AP1R0_EL1, bit(2));
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0x10u);
    EXPECT_FALSE(b.irq());
    b.icc_write(0, ICC_AP1R0_EL1, 0);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3CpuInterface, ChangingAPriorityWhilePendingReorders) {
    raise(40, 0x80);
    raise(41, 0x90);
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), 40u);
    b.set_priority(41, 0x10);
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), 41u);
    b.set_priority(41, 0xf8);  // as low as the mask: never signalled
    b.disable(40);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), 41u);
}

TEST_F(Gicv3CpuInterface, ChangingAGroupWhilePendingMovesTheLine) {
    raise(40, 0x80);
    EXPECT_TRUE(b.irq());
    b.set_group0(40);
    EXPECT_FALSE(b.irq());
    EXPECT_TRUE(b.fiq());
    EXPECT_EQ(b.iar0(), 40u);
}

TEST_F(Gicv3CpuInterface, ResetOfThePeTouchesTheCpuInterfaceOnly) {
    raise(40, 0x80);
    EXPECT_EQ(b.iar1(), 40u);
    raise(41, 0x40);
    EXPECT_TRUE(b.irq());
    b.gic.reset_cpu(0);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.icc(0, ICC_PMR_EL1), 0u);
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
    EXPECT_EQ(b.icc(0, ICC_IGRPEN1_EL1), 0u);
    EXPECT_TRUE(b.active(40));
    EXPECT_TRUE(b.pending(41));
    EXPECT_EQ(b.redist(0, 0x14), 0u);
    EXPECT_EQ(b.icc(1, ICC_PMR_EL1), 0xf8u);
}

}  // namespace
}  // namespace trapeze::irqchip::test
