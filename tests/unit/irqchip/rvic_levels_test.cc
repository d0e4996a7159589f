// Wires and messages: rVID inputs on their way to the rVICs, trusted wires, resets.
#include "devices/fakes.h"
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

// --- Messages ----------------------------------------------------------------------------------------------

class RvidMessages : public testing::Test {
protected:
    RvidMessages() {
        b.enable();
        b.unmask(kUntrusted);
        for (u32 input = 0; input < 224; ++input) b.map(input, 0, kUntrusted);
    }
    bool arrived() {
        const bool irq = b.irq();
        b.clear(kUntrusted);
        return irq;
    }
    void store(u64 offset, u64 value, unsigned size) {
        b.rvic.msi_doorbell().mmio_write({offset, size, 0}, value);
    }

    RvicBench b{1};
};

TEST_F(RvidMessages, TheDataIsTheInput) {
    bus::MsiSink& sink = b.rvic;
    for (const u32 input : {64u, 65u, 100u, 223u}) {
        b.map(input, 0, 33);
        b.unmask(33);
        sink.send_msi(0xba5e'0000, input);
        EXPECT_EQ(b.acknowledge(), ok(33));
        EXPECT_FALSE(b.rvic.input_state(input).level);
        b.unmask(33);
        EXPECT_FALSE(b.irq());
        b.map(input, 0, kUntrusted);
    }
}

TEST_F(RvidMessages, OnlyMessageInputsCanBeSent) {
    for (const u32 data : {0u, 1u, 5u, 47u, 63u, 224u, 256u, 0x8000'0000u, 0xffff'ffffu}) {
        b.rvic.send_msi(kRvicMsiAddress, data);
        EXPECT_FALSE(arrived()) << data;
    }
    b.rvic.send_msi(kRvicMsiAddress, 64);
    EXPECT_TRUE(arrived());
}

TEST_F(RvidMessages, OnlyToTheirAddress) {
    for (const u64 address : {u64{0}, u64{0xba5e'0004}, u64{0xba5d'fffc}, u64{0x1'ba5e'0000}, ~u64{0}}) {
        b.rvic.send_msi(address, 64);
        EXPECT_FALSE(arrived()) << address;
    }
}

TEST_F(RvidMessages, WiresCannotBeAtMessageInputs) {
    b.wire(63, true);
    EXPECT_TRUE(arrived());
    EXPECT_DEATH(b.wire(64, true), "first_msi_input");
    EXPECT_DEATH(b.pulse(64), "first_msi_input");
    EXPECT_DEATH(b.rvic.set_level(bus::IntId{31}, true), "first_msi_input");
}

TEST_F(RvidMessages, AMessageToAnUnmappedInputIsLost) {
    b.unmap(64);
    b.rvic.send_msi(kRvicMsiAddress, 64);
    EXPECT_FALSE(arrived());
    b.map(64, 0, kUntrusted);
    EXPECT_FALSE(arrived());
}

TEST_F(RvidMessages, AStoreRingsTheDoorbell) {
    store(0, 70, 4);
    EXPECT_TRUE(arrived());
    store(0, 5, 4);
    EXPECT_FALSE(arrived());
    store(0, 0xffff'ffff, 4);
    EXPECT_FALSE(arrived());
    // Other sizes and places do nothing.
    for (const unsigned size : {1u, 2u, 8u}) {
        store(0, 70, size);
        EXPECT_FALSE(arrived()) << size;
    }
    for (const u64 offset : {u64{1}, u64{2}, u64{4}, ~u64{0}}) {
        store(offset, 70, 4);
        EXPECT_FALSE(arrived()) << offset;
    }
    for (const unsigned size : {1u, 2u, 4u, 8u}) {
        EXPECT_EQ(b.rvic.msi_doorbell().mmio_read({0, size, 0}), 0u);
    }
    EXPECT_EQ(b.rvic.msi_doorbell().name(), "rvid-msi");
}

// --- Resets ------------------------------------------------------------------------------------------------

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

// --- The device tree ---------------------------------------------------------------------------------------

TEST(RvicFdt, Nodes) {
    RvicBench b(1);
    devices::FakeFdt fdt;
    b.rvic.describe(fdt);
    EXPECT_EQ(fdt.text,
              "rvic {\n"
              "  compatible = \"arm,rvic\"\n"
              "  interrupt-controller\n"
              "  #interrupt-cells = <0x2>\n"
              "  #address-cells = <0x0>\n"
              "  interrupt-parent = <0x4>\n"
              "  phandle = <0x4>\n"
              "}\n"
              "rvid {\n"
              "  compatible = \"arm,rvid\"\n"
              "  interrupt-controller\n"
              "  #interrupt-cells = <0x1>\n"
              "  #address-cells = <0x0>\n"
              "  interrupt-parent = <0x4>\n"
              "  msi-controller\n"
              "  msi-range = <0x40 0xa0>\n"
              "  phandle = <0x5>\n"
              "}\n");
}

TEST(RvicFdt, WithoutMessageInputsThereIsNoMsiController) {
    RvicConfig config = rvic_config(1);
    config.first_msi_input = config.nr_untrusted;
    RvicBench b(config);
    devices::FakeFdt fdt;
    b.rvic.describe(fdt);
    EXPECT_EQ(fdt.text.find("msi"), std::string::npos);
    b.rvic.send_msi(kRvicMsiAddress, 224);
}

}  // namespace
}  // namespace trapeze::irqchip::test
