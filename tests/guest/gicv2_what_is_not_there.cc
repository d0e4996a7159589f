// smp: 2
// irqchip: gicv2
// only: trapeze
#include "gicv2.h"

using namespace guest;

// IHI0048: registers of the Security Extensions are RAZ/WI without them, and so are the bits of CPUs that do
// not exist. GICC_IIDR tells the version of the architecture. (QEMU 7.2 stores all bits of GICD_ITARGETSR<n>
// and has no GICC_IIDR.)
TEST(gicv2_what_is_not_there) {
    for (u64 offset = gicv2::kNsacr; offset < gicv2::kNsacr + 0x100; offset += 4) {
        write32(gic::kDist + offset, ~0u);
        EXPECT_EQ_AT(offset, read32(gic::kDist + offset), 0);
    }
    write32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi, ~0u);
    EXPECT_EQ(read32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi), 0x03030303);
    write32(gic::kDist + gicv2::kSpendsgir, ~0u);
    EXPECT_EQ(read32(gic::kDist + gicv2::kSpendsgir), 0x03030303);
    EXPECT_EQ(field(gicv2::read_cpu(gicv2::kCpuIidr), 19, 16), 2);
    EXPECT_EQ(field(gicv2::read_cpu(gicv2::kCpuIidr), 11, 0), 0x43b);
}
