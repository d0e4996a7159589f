// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

// IHI0048 "GICD_ITARGETSRn": RAZ/WI in a uniprocessor implementation, where every interrupt goes to the one
// CPU.
TEST(gicv2_one_cpu_has_no_targets) {
    gic::init();
    EXPECT_EQ(field(read32(gic::kDist + gic::kTyper), 7, 5), 0);
    for (u64 offset = 0; offset < 64; offset += 4) {
        write32(gic::kDist + gicv2::kItargetsr + offset, 0x01010101);
        EXPECT_EQ_AT(offset, read32(gic::kDist + gicv2::kItargetsr + offset), 0);
    }
    gic::set_edge(gic::kFreeSpi, true);
    gic::enable(gic::kFreeSpi);
    gic::set_pending(gic::kFreeSpi);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), gic::kFreeSpi);
    gic::end(gic::kFreeSpi);
}
