// Pending state of wires and latches, targets of SPIs, reset, and the device tree node.
#include "gicv2_fixture.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

class Gicv2Distributor : public ::testing::Test {
protected:
    Gicv2Distributor() {
        b.bring_up();
        b.enable(kSpi);
        b.set_priority(kSpi, 0x80);
        b.set_targets(kSpi, 1);
    }
    void level(bool on) { b.level(kSpi, on); }

    static constexpr u32 kSpi = 50;
    Bench b{4};
};

TEST_F(Gicv2Distributor, LevelFollowsTheWire) {
    level(true);
    EXPECT_TRUE(b.irq());
    level(false);
    EXPECT_FALSE(b.irq());
    EXPECT_FALSE(b.pending(kSpi));
}

TEST_F(Gicv2Distributor, LevelStaysPendingThroughAcknowledge) {
    level(true);
    EXPECT_EQ(b.iar(), kSpi);
    EXPECT_TRUE(b.pending(kSpi) && b.active(kSpi));
    EXPECT_FALSE(b.irq());
    b.eoi(kSpi);
    EXPECT_TRUE(b.irq()) << "still asserted";
    EXPECT_EQ(b.iar(), kSpi);
    level(false);
    b.eoi(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv2Distributor, SoftwarePendingOfALevelInterrupt) {
    b.set_pending(kSpi);
    EXPECT_TRUE(b.irq());
    b.clear_pending(kSpi);
    EXPECT_FALSE(b.irq());
    b.set_pending(kSpi);
    level(true);
    level(false);
    EXPECT_TRUE(b.irq()) << "made pending by software, not by the wire";
    EXPECT_EQ(b.iar(), kSpi);
    EXPECT_FALSE(b.pending(kSpi)) << "the acknowledge takes it";
}

TEST_F(Gicv2Distributor, ClearPendingDoesNotSilenceAWire) {
    level(true);
    b.clear_pending(kSpi);
    EXPECT_TRUE(b.pending(kSpi));
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2Distributor, EdgeIsLatched) {
    b.set_edge(kSpi, true);
    level(true);
    level(false);
    EXPECT_EQ(b.iar(), kSpi);
    EXPECT_FALSE(b.pending(kSpi));
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_FALSE(b.irq()) << "active";
    b.eoi(kSpi);
    EXPECT_TRUE(b.irq()) << "not lost";
    b.clear_pending(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv2Distributor, EdgesWhileDisabledAreKept) {
    b.set_edge(kSpi, true);
    b.disable(kSpi);
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_FALSE(b.irq());
    EXPECT_TRUE(b.pending(kSpi));
    b.enable(kSpi);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2Distributor, ActiveBitsBySoftware) {
    level(true);
    b.set_active(kSpi);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.cpu(gicc::kRpr), 0xffu);
    b.clear_active(kSpi);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv2Distributor, PrivateWires) {
    constexpr u32 kPpi = 27;
    b.enable(kPpi, 2);
    b.gic.set_private_level(2, bus::IntId{kPpi}, true);
    EXPECT_TRUE(b.irq(2));
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.iar(2), kPpi);
    EXPECT_EQ(b.iar(1), kSpurious);
    b.gic.set_private_level(2, bus::IntId{kPpi}, false);
    b.eoi(kPpi, 2);
    EXPECT_FALSE(b.irq(2));
    b.set_edge(kPpi, true, 2);
    b.gic.set_private_level(2, bus::IntId{kPpi}, true);
    b.gic.set_private_level(2, bus::IntId{kPpi}, false);
    EXPECT_TRUE(b.irq(2));
}

TEST_F(Gicv2Distributor, GoesToItsTarget) {
    level(true);
    EXPECT_TRUE(b.irq(0));
    b.set_targets(kSpi, 0b0100);
    EXPECT_FALSE(b.irq(0)) << "a pending interrupt follows its targets";
    EXPECT_TRUE(b.irq(2));
    EXPECT_EQ(b.iar(0), kSpurious);
    b.set_targets(kSpi, 0);
    EXPECT_FALSE(b.irq(2)) << "nobody's";
    EXPECT_TRUE(b.pending(kSpi));
    b.set_targets(kSpi, 0b0010);
    EXPECT_EQ(b.iar(1), kSpi);
}

TEST_F(Gicv2Distributor, RetargetedWhileActiveMovesTheNextOne) {
    level(true);
    EXPECT_EQ(b.iar(0), kSpi);
    b.set_targets(kSpi, 0b1000);
    EXPECT_FALSE(b.irq(3));
    b.eoi(kSpi);
    EXPECT_TRUE(b.irq(3));
    EXPECT_FALSE(b.irq(0));
}

TEST_F(Gicv2Distributor, OneOfSeveralTargetsGetsIt) {
    b.set_targets(kSpi, 0b1110);
    level(true);
    EXPECT_FALSE(b.irq(0));
    EXPECT_TRUE(b.irq(1) && b.irq(2) && b.irq(3));
    EXPECT_EQ(b.iar(2), kSpi) << "the first to acknowledge";
    EXPECT_FALSE(b.irq(1) || b.irq(2) || b.irq(3));
    EXPECT_EQ(b.iar(1), kSpurious) << "and the others find nothing";
    EXPECT_EQ(b.cpu(gicc::kRpr, 1), 0xffu);
    EXPECT_EQ(b.cpu(gicc::kRpr, 2), 0x80u);
    b.eoi(kSpi, 2);
    EXPECT_TRUE(b.irq(1)) << "the wire is still high";
    level(false);
    EXPECT_FALSE(b.irq(1) || b.irq(2) || b.irq(3));
}

TEST_F(Gicv2Distributor, AnEdgeForSeveralTargetsComesOnce) {
    b.set_edge(kSpi, true);
    b.set_targets(kSpi, 0b1111);
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_EQ(b.iar(3), kSpi);
    b.eoi(kSpi, 3);
    for (unsigned v = 0; v < 4; ++v) EXPECT_EQ(b.iar(v), kSpurious);
}

TEST_F(Gicv2Distributor, ATargetThatMasksItLeavesItToTheOthers) {
    b.set_targets(kSpi, 0b0011);
    b.cpu_write(gicc::kPmr, 0x10, 0);
    level(true);
    EXPECT_FALSE(b.irq(0));
    EXPECT_EQ(b.iar(1), kSpi);
}

TEST_F(Gicv2Distributor, ResetKeepsWiresAndNothingElse) {
    b.gic.set_private_level(1, bus::IntId{27}, true);
    b.enable(27, 1);
    level(true);
    EXPECT_EQ(b.iar(), kSpi);
    b.send_sgi(0, 0b0010, 3);
    b.gic.reset();
    for (unsigned v = 0; v < 4; ++v) EXPECT_FALSE(b.irq(v) || b.fiq(v));
    EXPECT_EQ(b.dist(gicd::kCtlr), 0u);
    EXPECT_EQ(b.cpu(gicc::kCtlr), 0u);
    EXPECT_EQ(b.cpu(gicc::kPmr), 0u);
    EXPECT_EQ(b.dist(gicd::kIsenabler, 1), 0xffffu);
    EXPECT_EQ(b.dist(gicd::kIspendr, 1), bit(27));
    EXPECT_EQ(b.dist(gicd::kSpendsgir, 1), 0u);
    EXPECT_EQ(b.dist(gicd::kIspendr + 4), bit(kSpi - 32));
    EXPECT_FALSE(b.active(kSpi));
    EXPECT_EQ(b.dist(gicd::kIpriorityr + kSpi, 0, 1), 0u);
    EXPECT_EQ(b.dist(gicd::kItargetsr + kSpi, 0, 1), 0u);
    b.bring_up();
    b.set_targets(kSpi, 1);
    b.enable(kSpi);
    EXPECT_EQ(b.iar(), kSpi);
    level(false);
    b.eoi(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv2Distributor, Snapshots) {
    b.set_targets(kSpi, 0b0110);
    level(true);
    Gicv2IrqState s = b.gic.irq_state(bus::IntId{kSpi});
    EXPECT_TRUE(s.enabled && s.pending && s.level);
    EXPECT_FALSE(s.active || s.edge);
    EXPECT_EQ(s.group, 0);
    EXPECT_EQ(s.priority, 0x80);
    EXPECT_EQ(s.targets, 0b0110);
    EXPECT_EQ(s.offered_to, 0b0110);
    Gicv2CpuState cpu = b.gic.cpu_state(2);
    EXPECT_EQ(cpu.highest_pending, kSpi);
    EXPECT_EQ(cpu.priority_mask, 0xf8);
    EXPECT_TRUE(cpu.irq && cpu.group0_enabled && cpu.group1_enabled && !cpu.fiq);
    EXPECT_EQ(b.iar(2), kSpi);
    s = b.gic.irq_state(bus::IntId{kSpi});
    EXPECT_TRUE(s.active);
    EXPECT_EQ(s.offered_to, 0);
    cpu = b.gic.cpu_state(2);
    EXPECT_EQ(cpu.running_priority, 0x80);
    EXPECT_FALSE(cpu.irq);

    b.send_sgi(3, 0b0010, 7);
    s = b.gic.irq_state(bus::IntId{7}, 1);
    EXPECT_TRUE(s.pending && s.edge && s.enabled);
    EXPECT_EQ(s.pending_from, 0b1000);
    EXPECT_EQ(s.targets, 0b0010);
}

TEST_F(Gicv2Distributor, ViewsForPeople) {
    b.set_targets(kSpi, 0b0101);
    level(true);
    b.send_sgi(3, 0b0001, 7);
    b.send_sgi(1, 0b0001, 7);
    const std::vector<IrqView> shared = b.gic.shared_view();
    ASSERT_EQ(shared.size(), 1u);
    EXPECT_EQ(describe(shared[0]),
              "INTID 50 (SPI 18): pending, enabled, high, group 0, priority 0x80, for vCPUs 0, 2");
    CpuView cpu = b.gic.cpu_view(0);
    EXPECT_TRUE(cpu.irq && !cpu.fiq);
    EXPECT_EQ(cpu.next, 7u);
    EXPECT_EQ(cpu.held_back, "");
    EXPECT_EQ(cpu.details, "priority mask 0xf8, running priority 0xff");
    ASSERT_EQ(cpu.irqs.size(), 1u);
    EXPECT_EQ(describe(cpu.irqs[0]),
              "INTID 7 (SGI 7): pending, enabled, group 0, priority 0x0, edge, pending from vCPUs 1, 3");
    EXPECT_EQ(b.iar(), sgi_from(1, 7));
    cpu = b.gic.cpu_view(0);
    EXPECT_EQ(describe(cpu.irqs[0]),
              "INTID 7 (SGI 7): pending active, enabled, group 0, priority 0x0, edge, pending from vCPU 3, "
              "active from "
              "vCPU 1");
    EXPECT_EQ(cpu.next, kSpi);
    EXPECT_EQ(cpu.held_back, "its priority is not above the priority mask and the running priority");
    b.cpu_write(gicc::kCtlr, kEnableGrp1, 2);
    cpu = b.gic.cpu_view(2);
    EXPECT_EQ(cpu.next, kSpi);
    EXPECT_EQ(cpu.held_back, "its group, 0, is disabled at the CPU interface");
    EXPECT_EQ(cpu.details, "priority mask 0xf8, running priority 0xff, group 0 disabled");
    EXPECT_TRUE(cpu.irqs.empty());
    EXPECT_EQ(b.gic.cpu_view(1).next, std::nullopt);
}

TEST_F(Gicv2Distributor, DeviceTreeNode) {
    test::TextFdt fdt;
    Gicv2::describe(fdt, {{0x0800'0000}, 0x1'0000}, {{0x0801'0000}, 0x1'0000});
    EXPECT_EQ(fdt.text,
              "intc@8000000 {\n"
              "compatible = arm,cortex-a15-gic\n"
              "reg = <0 8000000 0 10000 0 8010000 0 10000>\n"
              "interrupt-controller;\n"
              "#interrupt-cells = <3>\n"
              "#address-cells = <2>\n"
              "#size-cells = <2>\n"
              "ranges;\n"
              "phandle = <1>\n"
              "}\n");
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
