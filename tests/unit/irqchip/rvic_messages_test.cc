// Message-signalled interrupts, and what the device tree says of them.
#include "devices/fakes.h"
#include "rvic_fixture.h"

namespace trapeze::irqchip::test {
namespace {

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
