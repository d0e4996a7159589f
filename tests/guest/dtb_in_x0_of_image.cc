// image: flat
#include "fdt.h"
#include "intc.h"

using namespace guest;

// The arm64 boot protocol: x0 has the address of a device tree that tells the memory.
TEST(dtb_in_x0_of_image) {
    EXPECT_EQ(boot_argument() % 8, 0);
    EXPECT_EQ(reinterpret_cast<u64>(fdt::blob()), boot_argument());
    EXPECT(boot_argument() >= kRam && boot_argument() < kRam + 128 * 1024 * 1024);
    EXPECT(fdt::total_size() <= 2 * 1024 * 1024);
    const fdt::Property reg = fdt::find("memory", "reg");
    EXPECT_EQ(reg.size, 16);
    EXPECT_EQ(reg.cell_pair(0), kRam);
    EXPECT_EQ(reg.cell_pair(2), 128 * 1024 * 1024);
    // All of it is there.
    const u64 end = kRam + reg.cell_pair(2);
    auto* last = reinterpret_cast<volatile u64*>(end - 8);
    *last = 0x1122334455667788;
    EXPECT_EQ(*last, 0x1122334455667788);
    const fdt::Property method = fdt::find("psci", "method");
    EXPECT_EQ(method.size, 4);
    EXPECT_EQ(method.cell(0), 0x68766300);  // "hvc"
    intc::controller();
    EXPECT(static_cast<bool>(fdt::find("timer", "interrupts")));
}
