// only: trapeze
// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

// Bits of interrupts and of priorities that are not implemented are RAZ/WI (IHI0069 and
// IHI0048 GICD_ISENABLER<n>, GICD_IPRIORITYR<n>). QEMU 7.2 stores both.
TEST(gic_unimplemented_bits) {
    gic::init();
    const u32 intids = gic::intid_count();
    constexpr u64 kBanks[] = {gic::kIgroupr, gic::kIsenabler, gic::kIspendr, gic::kIsactiver};
    for (const u64 bank : kBanks) {
        for (u32 intid = intids; intid < 1024; intid += 32) {
            write32(gic::kDist + bank + intid / 8, ~0u);
            EXPECT_EQ_AT(bank + intid / 8, read32(gic::kDist + bank + intid / 8), 0);
        }
    }
    for (u32 intid = intids; intid < 1020; intid += 4) {
        write32(gic::kDist + gic::kIpriorityr + intid, ~0u);
        EXPECT_EQ_AT(intid, read32(gic::kDist + gic::kIpriorityr + intid), 0);
    }
    constexpr u32 kSome[] = {0, 16, 31, 32, gic::kFreeSpi};
    for (const u32 intid : kSome) {
        gic::set_priority(intid, 0xff);
        EXPECT_EQ_AT(intid, gic::priority(intid), gic::implemented_priority());
    }
}
