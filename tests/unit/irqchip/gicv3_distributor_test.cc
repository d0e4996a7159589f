// Pending state of wires and latches, routing of SPIs, sleep, reset, and the device tree node.
#include "gicv3_fixture.h"

namespace trapeze::irqchip::test {
namespace {

using namespace arch::reg;

class Gicv3Distributor : public ::testing::Test {
protected:
    Gicv3Distributor() {
        b.bring_up();
        b.enable(kSpi);
        b.set_priority(kSpi, 0x80);
    }
    void level(bool on) { b.gic.set_level(bus::IntId{kSpi}, on); }

    static constexpr u32 kSpi = 50;
    Bench b{4};
};

TEST_F(Gicv3Distributor, LevelFollowsTheWire) {
    level(true);
    EXPECT_TRUE(b.irq());
    level(false);
    EXPECT_FALSE(b.irq());
    EXPECT_FALSE(b.pending(kSpi));
}

TEST_F(Gicv3Distributor, LevelStaysPendingThroughAcknowledge) {
    level(true);
    EXPECT_EQ(b.iar1(), kSpi);
    EXPECT_TRUE(b.pending(kSpi));
    EXPECT_TRUE(b.active(kSpi));
    EXPECT_FALSE(b.irq());
    b.eoi1(kSpi);
    EXPECT_TRUE(b.irq()) << "still asserted";
    EXPECT_EQ(b.iar1(), kSpi);
    level(false);
    b.eoi1(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv3Distributor, SoftwarePendingOfALevelInterrupt) {
    b.set_pending(kSpi);
    EXPECT_TRUE(b.irq());
    b.clear_pending(kSpi);
    EXPECT_FALSE(b.irq());
    b.set_pending(kSpi);
    level(true);
    level(false);
    EXPECT_TRUE(b.irq()) << "made pending by software, not by the wire";
    EXPECT_EQ(b.iar1(), kSpi);
    EXPECT_FALSE(b.pending(kSpi)) << "the acknowledge takes it";
}

TEST_F(Gicv3Distributor, ClearPendingDoesNotSilenceAWire) {
    level(true);
    b.clear_pending(kSpi);
    EXPECT_TRUE(b.pending(kSpi));
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3Distributor, EdgeIsLatched) {
    b.set_edge(kSpi, true);
    level(true);
    level(false);
    EXPECT_TRUE(b.irq());
    EXPECT_EQ(b.iar1(), kSpi);
    EXPECT_FALSE(b.pending(kSpi));
    b.eoi1(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv3Distributor, AHighWireIsOneEdge) {
    b.set_edge(kSpi, true);
    level(true);
    EXPECT_EQ(b.iar1(), kSpi);
    b.eoi1(kSpi);
    EXPECT_FALSE(b.irq());
    level(true);  // no change, no edge
    EXPECT_FALSE(b.irq());
    level(false);
    level(true);
    EXPECT_TRUE(b.irq());
    b.clear_pending(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv3Distributor, EdgeWhileActiveIsNotLost) {
    b.set_edge(kSpi, true);
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_EQ(b.iar1(), kSpi);
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_FALSE(b.irq());
    b.eoi1(kSpi);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3Distributor, EdgesWhileDisabledAreKept) {
    b.set_edge(kSpi, true);
    b.disable(kSpi);
    b.gic.pulse(bus::IntId{kSpi});
    EXPECT_FALSE(b.irq());
    EXPECT_TRUE(b.pending(kSpi));
    b.enable(kSpi);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3Distributor, ConfigurationDecidesWhatAHighWireMeans) {
    level(true);
    b.set_edge(kSpi, true);
    EXPECT_FALSE(b.pending(kSpi));
    b.set_edge(kSpi, false);
    EXPECT_TRUE(b.pending(kSpi));
}

TEST_F(Gicv3Distributor, ActiveBitsBySoftware) {
    level(true);
    b.set_active(kSpi);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.icc(0, ICC_RPR_EL1), 0xffu);
    b.clear_active(kSpi);
    EXPECT_TRUE(b.irq());
}

TEST_F(Gicv3Distributor, PrivateWires) {
    constexpr u32 kPpi = 27;
    b.enable(kPpi, 2);
    b.gic.set_private_level(2, bus::IntId{kPpi}, true);
    EXPECT_TRUE(b.irq(2));
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.iar1(2), kPpi);
    EXPECT_EQ(b.iar1(1), kSpurious);
    b.gic.set_private_level(2, bus::IntId{kPpi}, false);
    b.eoi1(kPpi, 2);
    EXPECT_FALSE(b.irq(2));
    b.set_edge(kPpi, true, 2);
    b.gic.set_private_level(2, bus::IntId{kPpi}, true);
    b.gic.set_private_level(2, bus::IntId{kPpi}, false);
    EXPECT_TRUE(b.irq(2));
}

TEST_F(Gicv3Distributor, RoutesByAffinity) {
    b.set_router(kSpi, 2);
    level(true);
    EXPECT_TRUE(b.irq(2));
    EXPECT_FALSE(b.irq(0));
    b.set_router(kSpi, 3);
    EXPECT_FALSE(b.irq(2)) << "a pending interrupt follows its route";
    EXPECT_TRUE(b.irq(3));
    EXPECT_EQ(b.iar1(2), kSpurious);
    b.set_router(kSpi, 0x0100);
    EXPECT_FALSE(b.irq(3)) << "no such vCPU";
    EXPECT_TRUE(b.pending(kSpi));
    b.set_router(kSpi, 1);
    EXPECT_EQ(b.iar1(1), kSpi);
}

TEST_F(Gicv3Distributor, RoutesByAllFourAffinityLevels) {
    Bench deep({0x0, 0x1200000000 | 0x345678}, 32);
    deep.bring_up();
    deep.enable(40);
    deep.set_pending(40);
    EXPECT_TRUE(deep.irq(0));
    deep.dist_write(0x6000 + 8 * 40, 0x345678);
    EXPECT_FALSE(deep.irq(0));
    EXPECT_FALSE(deep.irq(1)) << "Aff3 is still wrong";
    deep.dist_write(0x6000 + 8 * 40 + 4, 0x12);
    EXPECT_TRUE(deep.irq(1));
}

TEST_F(Gicv3Distributor, RerouteWhileActiveMovesTheNextOne) {
    level(true);
    EXPECT_EQ(b.iar1(0), kSpi);
    b.set_router(kSpi, 3);
    EXPECT_FALSE(b.irq(3));
    b.eoi1(kSpi);
    EXPECT_TRUE(b.irq(3));
    EXPECT_FALSE(b.irq(0));
}

TEST_F(Gicv3Distributor, ASleepingVcpuIsNotInterrupted) {
    b.redist_write(0, 0x14, 2);
    level(true);
    EXPECT_FALSE(b.irq());
    EXPECT_EQ(b.iar1(), kSpurious);
    EXPECT_EQ(b.icc(0, ICC_HPPIR1_EL1), kSpurious);
    EXPECT_TRUE(b.pending(kSpi));
    b.redist_write(0, 0x14, 0);
    EXPECT_TRUE(b.irq());
    b.redist_write(0, 0x14, 2);
    EXPECT_FALSE(b.irq());
}

class Gicv3OneOfN : public Gicv3Distributor {
protected:
    Gicv3OneOfN() { b.set_router(kSpi, bit(31)); }

    // The one vCPU with its line high; fails if there are several.
    int signalled() {
        int result = -1;
        for (unsigned v = 0; v < 4; ++v) {
            if (!b.irq(v)) continue;
            EXPECT_EQ(result, -1) << "signalled twice";
            result = static_cast<int>(v);
        }
        return result;
    }
};

TEST_F(Gicv3OneOfN, ExactlyOneIsSignalled) {
    level(true);
    const int first = signalled();
    ASSERT_GE(first, 0);
    EXPECT_EQ(b.iar1(static_cast<unsigned>(first)), kSpi);
    EXPECT_EQ(signalled(), -1);
}

TEST_F(Gicv3OneOfN, MovesOnWhenTheVcpuMasksIt) {
    level(true);
    const auto first = static_cast<unsigned>(signalled());
    b.icc_write(first, ICC_PMR_EL1, 0x80);
    const int second = signalled();
    ASSERT_GE(second, 0);
    EXPECT_NE(static_cast<unsigned>(second), first);
    EXPECT_EQ(b.iar1(first), kSpurious);
    b.icc_write(first, ICC_PMR_EL1, 0xff);
    EXPECT_EQ(signalled(), second) << "no reason to move back";
}

TEST_F(Gicv3OneOfN, WaitsWhileAllMaskAndGoesToTheFirstThatOpens) {
    for (unsigned v = 0; v < 4; ++v) b.icc_write(v, ICC_PMR_EL1, 0x10);
    level(true);
    EXPECT_EQ(signalled(), -1);
    b.icc_write(3, ICC_PMR_EL1, 0xff);
    EXPECT_EQ(signalled(), 3);
}

TEST_F(Gicv3OneOfN, BusyVcpusAreAvoided) {
    b.enable(kSpi + 1);
    b.set_priority(kSpi + 1, 0x80);
    b.set_router(kSpi + 1, bit(31));
    level(true);
    const auto first = static_cast<unsigned>(signalled());
    EXPECT_EQ(b.iar1(first), kSpi);
    b.gic.set_level(bus::IntId{kSpi + 1}, true);
    const int second = signalled();
    ASSERT_GE(second, 0);
    EXPECT_NE(static_cast<unsigned>(second), first);
}

TEST_F(Gicv3OneOfN, SleepersAndTheUnwillingAreNotSelected) {
    level(true);
    b.redist_write(static_cast<unsigned>(signalled()), 0x14, 2);
    b.redist_write(static_cast<unsigned>(signalled()), 0x0, bit(25));
    b.icc_write(static_cast<unsigned>(signalled()), ICC_IGRPEN1_EL1, 0);
    const auto last = static_cast<unsigned>(signalled());
    b.redist_write(last, 0x0, bit(24));  // DPG0 does not concern group 1
    EXPECT_EQ(signalled(), static_cast<int>(last));
    b.redist_write(last, 0x14, 2);
    EXPECT_EQ(signalled(), -1);
    EXPECT_EQ(b.gic.irq_state(bus::IntId{kSpi}).target, std::nullopt);
    b.redist_write(last, 0x14, 0);
    EXPECT_EQ(signalled(), static_cast<int>(last)) << "nothing was lost";
}

TEST_F(Gicv3OneOfN, GroupZeroHasItsOwnOptOut) {
    b.set_group0(kSpi);
    for (unsigned v = 0; v < 3; ++v) b.redist_write(v, 0x0, bit(24));
    b.redist_write(3, 0x0, bit(25));
    level(true);
    EXPECT_TRUE(b.fiq(3));
}

TEST_F(Gicv3OneOfN, BackToAffinity) {
    level(true);
    ASSERT_GE(signalled(), 0);
    b.set_router(kSpi, 1);
    EXPECT_EQ(signalled(), 1);
}

TEST_F(Gicv3Distributor, ResetKeepsWiresAndNothingElse) {
    b.gic.set_private_level(1, bus::IntId{27}, true);
    b.enable(27, 1);
    level(true);
    EXPECT_EQ(b.iar1(), kSpi);
    b.icc_write(1, ICC_SGI1R_EL1, 1);
    b.gic.reset();
    EXPECT_FALSE(b.irq(0));
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.dist(0x0), 0x50u);
    EXPECT_EQ(b.redist(1, 0x14), 6u);
    EXPECT_EQ(b.redist(1, kSgiFrame + 0x100), 0u);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0x200), 0u);
    EXPECT_EQ(b.redist(1, kSgiFrame + 0x200), bit(27));
    EXPECT_EQ(b.dist(0x200 + 4), bit(kSpi - 32));
    EXPECT_FALSE(b.active(kSpi));
    EXPECT_EQ(b.dist(0x400 + kSpi, 1), 0u);
    EXPECT_EQ(b.icc(0, ICC_PMR_EL1), 0u);
    b.bring_up();
    b.enable(kSpi);
    EXPECT_EQ(b.iar1(), kSpi);
    level(false);
    b.eoi1(kSpi);
    EXPECT_FALSE(b.irq());
}

TEST_F(Gicv3Distributor, Snapshots) {
    b.set_router(kSpi, 2);
    level(true);
    Gicv3IrqState s = b.gic.irq_state(bus::IntId{kSpi});
    EXPECT_TRUE(s.enabled && s.pending && s.level);
    EXPECT_FALSE(s.active || s.edge);
    EXPECT_EQ(s.group, 1);
    EXPECT_EQ(s.priority, 0x80);
    EXPECT_EQ(s.irouter, 2u);
    EXPECT_EQ(s.target, 2u);
    EXPECT_EQ(b.gic.cpu_state(2).highest_pending, kSpi);
    EXPECT_TRUE(b.gic.cpu_state(2).irq);
    EXPECT_EQ(b.iar1(2), kSpi);
    s = b.gic.irq_state(bus::IntId{kSpi});
    EXPECT_TRUE(s.active);
    EXPECT_EQ(s.target, std::nullopt);
    EXPECT_EQ(b.gic.cpu_state(2).running_priority, 0x80);
    EXPECT_FALSE(b.gic.cpu_state(2).irq);
}

TEST_F(Gicv3Distributor, DeviceTreeNode) {
    const mem::GpaRange gicr[] = {{{0x080a'0000}, 0xf6'0000}, {{0x40'0000'0000}, 0x400'0000}};
    TextFdt one;
    b.gic.describe(one, {{0x0800'0000}, 0x1'0000}, std::span(gicr, 1));
    EXPECT_EQ(one.text,
              "intc@8000000 {\n"
              "compatible = arm,gic-v3\n"
              "reg = <0 8000000 0 10000 0 80a0000 0 f60000>\n"
              "interrupt-controller;\n"
              "#interrupt-cells = <3>\n"
              "#address-cells = <2>\n"
              "#size-cells = <2>\n"
              "ranges;\n"
              "phandle = <1>\n"
              "}\n");
    TextFdt two;
    b.gic.describe(two, {{0x0800'0000}, 0x1'0000}, gicr);
    EXPECT_NE(two.text.find("#redistributor-regions = <2>\n"), std::string::npos);
    EXPECT_NE(two.text.find("0 80a0000 0 f60000 40 0 0 4000000>"), std::string::npos);
}

}  // namespace
}  // namespace trapeze::irqchip::test
