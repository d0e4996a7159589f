// kvm deviates: kernel-irqchip
// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

// KVM has no group 0 enable: GICD_CTLR.EnableGrp0 is RAZ.
TEST(gicd_identification) {
    const u32 typer = read32(gicv3::kDist + gicv3::kTyper);
    const u32 intids = ((typer & 31) + 1) * 32;
    EXPECT(intids >= 64);
    EXPECT_EQ(field(typer, 10, 10), 0);      // SecurityExtn: one Security state
    EXPECT(field(typer, 23, 19) + 1 >= 10);  // IDbits
    EXPECT_EQ(field(read32(gicv3::kDist + gicv3::kPidr2), 7, 4), 3);
    EXPECT_EQ(field(read32(gicv3::kRedist + gicv3::kPidr2), 7, 4), 3);
    EXPECT_EQ(field(read32(gicv3::kDist + gicv3::kCtlr), 6, 6), 1);  // DS

    gicv3::init_machine();
    EXPECT_EQ(read32(gicv3::kDist + gicv3::kCtlr) & 0x13, 0x13);
    // With affinity routing, what is private to a PE is in its redistributor, and RAZ/WI here.
    for (u64 offset = gicv3::kIpriorityr; offset < gicv3::kIpriorityr + 32; offset += 4) {
        write32(gicv3::kDist + offset, 0x80808080);
        EXPECT_EQ_AT(offset, read32(gicv3::kDist + offset), 0);
    }
    constexpr u64 kPrivate[] = {gicv3::kIgroupr, gicv3::kIsenabler, gicv3::kIspendr, gicv3::kIsactiver};
    for (const u64 offset : kPrivate) {
        write32(gicv3::kDist + offset, ~0u);
        EXPECT_EQ_AT(offset, read32(gicv3::kDist + offset), 0);
    }
    // GICD_ITARGETSR and GICD_SGIR are of the legacy mode.
    write32(gicv3::kDist + 0x800 + gicv3::kFreeSpi, 0x01010101);
    EXPECT_EQ(read32(gicv3::kDist + 0x800 + gicv3::kFreeSpi), 0);
    write32(gicv3::kDist + 0xf00, 0x00010001);
    // The last INTIDs are reserved whatever the size.
    if (intids == 1024) {
        write32(gicv3::kDist + gicv3::kIsenabler + 31 * 4, 0xf0000000);
        EXPECT_EQ(read32(gicv3::kDist + gicv3::kIsenabler + 31 * 4) >> 28, 0);
    }
    // Every SPI has all its bits: enable, group, priority, configuration, route.
    for (u32 intid = 32; intid < intids && intid < 1020; ++intid) {
        gicv3::disable(intid);
        gicv3::set_group(intid, 0);
        gicv3::set_priority(intid, 0x50);
        gicv3::set_route(intid, 0);
        EXPECT_EQ_AT(intid, gicv3::priority(intid), 0x50);
        EXPECT_EQ_AT(intid, read64(gicv3::kDist + gicv3::kIrouter + intid * 8), 0);
        EXPECT_EQ_AT(intid, read32(gicv3::kDist + gicv3::kIsenabler + intid / 32 * 4) >> intid % 32 & 1, 0);
        gicv3::set_group(intid, 1);
        EXPECT_EQ_AT(intid, read32(gicv3::kDist + gicv3::kIgroupr + intid / 32 * 4) >> intid % 32 & 1, 1);
        gicv3::set_edge(intid, true);
        EXPECT_EQ_AT(intid, read32(gicv3::kDist + gicv3::kIcfgr + intid / 16 * 4) >> intid % 16 * 2 & 3, 2);
        gicv3::set_edge(intid, false);
        EXPECT_EQ_AT(intid, read32(gicv3::kDist + gicv3::kIcfgr + intid / 16 * 4) >> intid % 16 * 2 & 3, 0);
    }
}
