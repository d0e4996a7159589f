// irqchip: rvic
// only: trapeze
#include "fdt.h"
#include "rvic.h"

using namespace guest;

namespace {

void expect_text(const fdt::Property& property, const char* text) {
    EXPECT(static_cast<bool>(property));
    for (u32 i = 0; i < property.size; ++i) {
        EXPECT_EQ(property.data[i], text[i]);
        if (text[i] == '\0') return;
    }
    EXPECT(!"the property ends early");
}

u32 number(const char* node, const char* property) {
    return fdt::find(node, property).cell(0);
}

}  // namespace

// What the drivers find their devices by.
TEST(rvic_device_tree) {
    expect_text(fdt::find("rvic", "compatible"), "arm,rvic");
    EXPECT(static_cast<bool>(fdt::find("rvic", "interrupt-controller")));
    EXPECT_EQ(number("rvic", "#interrupt-cells"), 2);
    const u32 rvic_phandle = number("rvic", "phandle");
    EXPECT_EQ(number("rvic", "interrupt-parent"), rvic_phandle);

    expect_text(fdt::find("rvid", "compatible"), "arm,rvid");
    EXPECT(static_cast<bool>(fdt::find("rvid", "interrupt-controller")));
    EXPECT_EQ(number("rvid", "#interrupt-cells"), 1);
    EXPECT_EQ(number("rvid", "interrupt-parent"), rvic_phandle);
    EXPECT(static_cast<bool>(fdt::find("rvid", "msi-controller")));
    EXPECT_EQ(fdt::find("rvid", "msi-range").size, 8);
    EXPECT_EQ(fdt::find("rvid", "msi-range").cell(0), rvic::kFirstMsiInput);
    EXPECT_EQ(fdt::find("rvid", "msi-range").cell(1), rvic::kUntrusted - rvic::kFirstMsiInput);

    // Secure, non-secure physical, virtual, hypervisor: <INTID level-high>.
    EXPECT_EQ(number("timer", "interrupt-parent"), rvic_phandle);
    const fdt::Property timer = fdt::find("timer", "interrupts");
    EXPECT_EQ(timer.size, 4 * 2 * 4);
    constexpr u32 kTimers[] = {29, rvic::kPhysicalTimer, rvic::kVirtualTimer, 26};
    for (unsigned i = 0; i < 4; ++i) {
        EXPECT_EQ(timer.cell(2 * i), kTimers[i]);
        EXPECT_EQ(timer.cell(2 * i + 1), 4);
    }
    // Devices have one cell, the input, in the rVID, theirs or by default.
    EXPECT_EQ(fdt::find("pl011", "interrupts").size, 4);
    EXPECT_EQ(number("pl011", "interrupts"), rvic::kUartInput);
    const fdt::Property parent = fdt::find("pl011", "interrupt-parent");
    if (parent) EXPECT_EQ(parent.cell(0), number("rvid", "phandle"));
}
