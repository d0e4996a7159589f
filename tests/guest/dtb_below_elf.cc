// append: answer=42 other=7
#include "fdt.h"

using namespace guest;

// An ELF file says where it goes, so nothing is promised in x0; the device tree is at the base of RAM.
TEST(dtb_below_elf) {
    EXPECT(fdt::blob() != nullptr);
    EXPECT_EQ(reinterpret_cast<u64>(fdt::blob()), kRam);
    EXPECT_EQ(fdt::find("memory", "reg").cell_pair(2), 128 * 1024 * 1024);
    EXPECT_EQ(fdt::argument("answer=", 0), 42);
    EXPECT_EQ(fdt::argument("other=", 0), 7);
    EXPECT_EQ(fdt::argument("nothing=", 5), 5);
}
