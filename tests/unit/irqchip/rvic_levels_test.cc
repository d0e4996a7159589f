// Wires: rVID inputs on their way to the rVICs, and trusted interrupts.
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

// --- rVID inputs -------------------------------------------------------------------------------------------

class RvidInputs : public testing::Test {
protected:
    RvidInputs() {
        for (bus::VcpuIndex v = 0; v < 3; ++v) {
            b.enable(v);
            b.unmask(kUntrusted, v);
        }
    }
    // What a handler does until the device has been served.
    void handle(bus::VcpuIndex v) {
        EXPECT_EQ(b.acknowledge(v), ok(kUntrusted));
        EXPECT_FALSE(b.irq(v));
    }

    RvicBench b{3};
};

TEST_F(RvidInputs, SpiNIsInputN) {
    RvicConfig config = rvic_config(1);
    config.nr_trusted = 64;  // does not move the inputs
    RvicBench c(config);
    c.enable();
    c.map(1, 0, 70);
    c.unmask(70);
    c.rvic.set_level(bus::spi(1), true);
    EXPECT_EQ(c.acknowledge(), ok(70));
    EXPECT_TRUE(c.rvic.input_state(1).level);
}

TEST_F(RvidInputs, AnUnmappedInputOnlyRemembersItsLevel) {
    b.wire(kInput, true);
    b.pulse(kInput + 1);
    for (bus::VcpuIndex v = 0; v < 3; ++v) {
        EXPECT_FALSE(b.irq(v));
        EXPECT_EQ(b.rvic.cpu_state(v).queue.size(), 0u);
    }
    EXPECT_TRUE(b.rvic.input_state(kInput).level);
    EXPECT_FALSE(b.rvic.input_state(kInput + 1).level);
}

TEST_F(RvidInputs, ARisingEdgeIsDeliveredWhereTheInputIsMapped) {
    b.map(kInput, 1, kUntrusted);
    b.wire(kInput, true);
    EXPECT_TRUE(b.irq(1));
    EXPECT_TRUE(b.state(kUntrusted, 1).level);
    handle(1);
    b.wire(kInput, false);
    b.unmask(kUntrusted, 1);
    EXPECT_FALSE(b.irq(1));
    EXPECT_FALSE(b.irq(0) || b.irq(2));
}

TEST_F(RvidInputs, AFallingEdgeTakesNothingBack) {
    b.map(kInput, 1, kUntrusted);
    b.wire(kInput, true);
    b.wire(kInput, false);
    EXPECT_TRUE(b.irq(1));
    handle(1);
}

TEST_F(RvidInputs, AHighLevelIsPendingAgainAtUnmask) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    for (int i = 0; i < 3; ++i) {
        handle(0);
        EXPECT_FALSE(b.pending(kUntrusted));
        b.unmask(kUntrusted);
        EXPECT_TRUE(b.irq(0));
    }
    handle(0);
    b.wire(kInput, false);
    b.unmask(kUntrusted);
    EXPECT_FALSE(b.irq(0));
}

TEST_F(RvidInputs, AnEdgeWhileMaskedIsKept) {
    b.map(kInput, 0, kUntrusted);
    b.pulse(kInput);
    handle(0);
    b.pulse(kInput);
    EXPECT_FALSE(b.irq(0));
    EXPECT_TRUE(b.pending(kUntrusted));
    b.unmask(kUntrusted);
    handle(0);
    b.unmask(kUntrusted);
    EXPECT_FALSE(b.irq(0));
}

TEST_F(RvidInputs, AHighLevelDrivenAgainIsAnEventAgain) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.clear(kUntrusted);
    b.wire(kInput, true);
    EXPECT_TRUE(b.pending(kUntrusted));
    b.wire(kInput, false);
    b.clear(kUntrusted);
    b.wire(kInput, false);
    EXPECT_FALSE(b.pending(kUntrusted));
}

TEST_F(RvidInputs, ClearPendingOfAHighLevelLastsUntilUnmask) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.clear(kUntrusted);
    EXPECT_FALSE(b.irq(0));
    b.unmask(kUntrusted);
    EXPECT_TRUE(b.irq(0));
}

TEST_F(RvidInputs, MapOfAHighInputIsDelivered) {
    b.wire(kInput, true);
    b.map(kInput, 2, kUntrusted);
    EXPECT_TRUE(b.irq(2));
    // And again, to the same place.
    handle(2);
    b.map(kInput, 2, kUntrusted);
    EXPECT_TRUE(b.pending(kUntrusted, 2));
    // One wire, however often it was mapped.
    b.wire(kInput, false);
    EXPECT_FALSE(b.state(kUntrusted, 2).level);
}

TEST_F(RvidInputs, MapMovesTheWireButNotWhatIsPending) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.map(kInput, 1, kUntrusted);
    EXPECT_TRUE(b.irq(0));
    EXPECT_TRUE(b.irq(1));
    EXPECT_FALSE(b.state(kUntrusted, 0).level);
    EXPECT_TRUE(b.state(kUntrusted, 1).level);
    handle(0);
    b.unmask(kUntrusted, 0);
    EXPECT_FALSE(b.irq(0));
    // A low input moves nothing at all.
    b.wire(kInput, false);
    b.clear(kUntrusted, 1);
    b.map(kInput, 2, kUntrusted);
    EXPECT_FALSE(b.irq(2));
}

TEST_F(RvidInputs, UnmapCutsTheWireAndLeavesWhatIsPending) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.unmap(kInput);
    EXPECT_TRUE(b.irq(0));
    EXPECT_FALSE(b.state(kUntrusted).level);
    handle(0);
    b.unmask(kUntrusted);
    EXPECT_FALSE(b.irq(0));
    // The level is known when the input is mapped again.
    EXPECT_TRUE(b.rvic.input_state(kInput).level);
    b.map(kInput, 0, kUntrusted);
    EXPECT_TRUE(b.irq(0));
}

TEST_F(RvidInputs, APulseLeavesTheWireLow) {
    b.map(kInput, 0, kUntrusted);
    b.wire(kInput, true);
    b.pulse(kInput);
    EXPECT_FALSE(b.rvic.input_state(kInput).level);
    handle(0);
    b.unmask(kUntrusted);
    EXPECT_FALSE(b.irq(0));
}

TEST_F(RvidInputs, SeveralInputsShareAnIntidAsOrdinaryLinesDo) {
    for (u32 input = 0; input < 3; ++input) b.map(input, 0, kUntrusted);
    for (u32 input = 0; input < 3; ++input) b.wire(input, true);
    for (u32 input = 0; input < 3; ++input) {
        handle(0);
        b.wire(input, false);
        EXPECT_EQ(b.state(kUntrusted).level, input < 2);
        b.unmask(kUntrusted);
        EXPECT_EQ(b.irq(0), input < 2);
    }
    b.pulse(1);
    EXPECT_TRUE(b.irq(0));
}

TEST_F(RvidInputs, UnmapOfOneOfSeveralLeavesTheOthers) {
    b.map(0, 0, kUntrusted);
    b.map(1, 0, kUntrusted);
    b.wire(0, true);
    b.wire(1, true);
    b.unmap(0);
    handle(0);
    b.unmask(kUntrusted);
    EXPECT_TRUE(b.irq(0));
    b.map(1, 1, kUntrusted);
    handle(0);
    b.unmask(kUntrusted);
    EXPECT_FALSE(b.irq(0));
}

// Linux' change of affinity, as its driver does it.
TEST_F(RvidInputs, AChangeOfAffinityLosesNothing) {
    for (const bool high : {false, true}) {
        for (const bool was_pending : {false, true}) {
            b.rvic.reset();
            b.enable(0);
            b.enable(1);
            b.map(kInput, 0, kUntrusted);
            b.wire(kInput, high);
            b.clear(kUntrusted, 0);
            if (was_pending) b.signal(kUntrusted, 0);
            b.mask(kUntrusted, 0);
            b.mask(kUntrusted, 1);
            b.map(kInput, 1, kUntrusted);
            if (b.pending(kUntrusted, 0)) {
                b.clear(kUntrusted, 0);
                b.signal(kUntrusted, 1);
            }
            b.unmask(kUntrusted, 1);
            EXPECT_FALSE(b.irq(0));
            EXPECT_EQ(b.irq(1), high || was_pending);
            b.wire(kInput, false);
        }
    }
}

// --- Trusted wires -----------------------------------------------------------------------------------------

TEST(RvicTrusted, ATimerByResampleAndUnmask) {
    RvicBench b(2);
    b.enable(1);
    b.unmask(kTimer, 1);
    b.trusted_wire(kTimer, true, 1);
    EXPECT_FALSE(b.irq(0));
    EXPECT_EQ(b.acknowledge(1), ok(kTimer));
    // The condition still holds at the end of the handler.
    b.resample(kTimer, 1);
    EXPECT_TRUE(b.pending(kTimer, 1));
    EXPECT_FALSE(b.irq(1));
    b.unmask(kTimer, 1);
    EXPECT_EQ(b.acknowledge(1), ok(kTimer));
    // Now it does not.
    b.trusted_wire(kTimer, false, 1);
    b.resample(kTimer, 1);
    b.unmask(kTimer, 1);
    EXPECT_FALSE(b.irq(1));
    EXPECT_EQ(b.acknowledge(1), error(Reason::NO_INTERRUPTS));
}

TEST(RvicTrusted, AHighLevelIsPendingAgainAtUnmaskWithoutResample) {
    RvicBench b(1);
    b.enable();
    b.unmask(kTimer);
    b.trusted_wire(kTimer, true);
    b.acknowledge();
    b.unmask(kTimer);
    EXPECT_TRUE(b.irq());
}

TEST(RvicTrusted, EveryTrustedIntidHasAWire) {
    RvicConfig config = rvic_config(1);
    config.nr_trusted = 64;
    RvicBench b(config);
    b.enable();
    for (u32 intid = 0; intid < 64; ++intid) {
        b.trusted_wire(intid, true);
        EXPECT_EQ(b.state(intid), (RvicIrqState{true, true, true}));
        b.trusted_wire(intid, true);
        b.trusted_wire(intid, false);
        EXPECT_FALSE(b.state(intid).level);
    }
    EXPECT_DEATH(b.trusted_wire(64, true), "trusted_count");
    EXPECT_DEATH(b.trusted_wire(0, true, 1), "vcpu_count");
}

}  // namespace
}  // namespace trapeze::irqchip::test
