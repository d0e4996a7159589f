// Resets of the machine and of a vCPU.
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

TEST(RvicReset, OfTheMachineClearsEverythingButTheWires) {
    RvicBench b(2);
    for (bus::VcpuIndex v = 0; v < 2; ++v) {
        b.enable(v);
        b.unmask(kIpi, v);
        b.unmask(kTimer, v);
        b.signal(kIpi, v);
    }
    b.signal(kUntrusted, 1);
    b.map(kInput, 1, kUntrusted);
    b.wire(kInput, true);
    b.trusted_wire(kTimer, true, 0);
    b.rvic.reset();
    for (bus::VcpuIndex v = 0; v < 2; ++v) {
        EXPECT_FALSE(b.irq(v));
        EXPECT_EQ(b.rvic.cpu_state(v), RvicCpuState{});
        for (u32 intid = 0; intid < 256; ++intid) {
            const bool wire = v == 0 && intid == kTimer;
            EXPECT_EQ(b.state(intid, v), (RvicIrqState{false, true, wire})) << v << " " << intid;
        }
    }
    EXPECT_EQ(b.rvic.input_state(kInput), (RvidInputState{true, std::nullopt}));
    // The wires are found high by whoever looks.
    b.enable(0);
    EXPECT_TRUE(b.pending(kTimer, 0));
    b.enable(1);
    b.map(kInput, 1, kUntrusted);
    EXPECT_TRUE(b.pending(kUntrusted, 1));
}

TEST(RvicReset, OfAVcpuClearsItsRvicAndKeepsTheMap) {
    RvicBench b(2);
    for (bus::VcpuIndex v = 0; v < 2; ++v) {
        b.enable(v);
        b.unmask(kIpi, v);
        b.signal(kIpi, v);
    }
    b.map(kInput, 1, kUntrusted);
    b.rvic.reset_cpu(1);
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.rvic.cpu_state(1), RvicCpuState{});
    for (u32 intid = 0; intid < 256; ++intid) EXPECT_EQ(b.state(intid, 1), RvicIrqState{}) << intid;
    EXPECT_EQ(b.rvic.input_state(kInput).target, (RvidTarget{1, kUntrusted}));
    // The other one is as it was.
    EXPECT_TRUE(b.irq(0));
    EXPECT_EQ(b.acknowledge(0), ok(kIpi));
}

TEST(RvicReset, WiresChangeWhileAVcpuIsOff) {
    RvicBench b(1);
    b.enable();
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.trusted_wire(kTimer, true);
    b.rvic.reset_cpu(0);
    EXPECT_TRUE(b.state(kUntrusted).level);
    EXPECT_TRUE(b.state(kTimer).level);
    b.trusted_wire(kTimer, false);
    b.enable();
    b.unmask(kUntrusted);
    b.unmask(kTimer);
    EXPECT_EQ(b.acknowledge(), ok(kUntrusted));
    EXPECT_EQ(b.acknowledge(), error(Reason::NO_INTERRUPTS));
}

}  // namespace
}  // namespace trapeze::irqchip::test
