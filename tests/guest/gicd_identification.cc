#include "gic.h"

using namespace guest;

TEST(gicd_identification) {
    const u32 typer = read32(gic::kDist + gic::kTyper);
    const u32 intids = ((typer & 31) + 1) * 32;
    EXPECT(intids >= 64);
    EXPECT_EQ(field(typer, 10, 10), 0);      // SecurityExtn: one Security state
    EXPECT(field(typer, 23, 19) + 1 >= 10);  // IDbits
    EXPECT_EQ(field(read32(gic::kDist + gic::kPidr2), 7, 4), 3);
    EXPECT_EQ(field(read32(gic::kRedist + gic::kPidr2), 7, 4), 3);
    EXPECT_EQ(field(read32(gic::kDist + gic::kCtlr), 6, 6), 1);  // DS

    gic::init_distributor();
    EXPECT_EQ(read32(gic::kDist + gic::kCtlr) & 0x13, 0x13);
    // With affinity routing, what is private to a PE is in its redistributor, and RAZ/WI here.
    for (u64 offset = gic::kIpriorityr; offset < gic::kIpriorityr + 32; offset += 4) {
        write32(gic::kDist + offset, 0x80808080);
        EXPECT_EQ_AT(offset, read32(gic::kDist + offset), 0);
    }
    constexpr u64 kPrivate[] = {gic::kIgroupr, gic::kIsenabler, gic::kIspendr, gic::kIsactiver};
    for (const u64 offset : kPrivate) {
        write32(gic::kDist + offset, ~0u);
        EXPECT_EQ_AT(offset, read32(gic::kDist + offset), 0);
    }
    // GICD_ITARGETSR and GICD_SGIR are of the legacy mode.
    write32(gic::kDist + 0x800 + gic::kFreeSpi, 0x01010101);
    EXPECT_EQ(read32(gic::kDist + 0x800 + gic::kFreeSpi), 0);
    write32(gic::kDist + 0xf00, 0x00010001);
    // The last INTIDs are reserved whatever the size.
    if (intids == 1024) {
        write32(gic::kDist + gic::kIsenabler + 31 * 4, 0xf0000000);
        EXPECT_EQ(read32(gic::kDist + gic::kIsenabler + 31 * 4) >> 28, 0);
    }
    // Every SPI has all its bits: enable, group, priority, configuration, route.
    for (u32 intid = 32; intid < intids && intid < 1020; ++intid) {
        gic::disable(intid);
        gic::set_group(intid, 0);
        gic::set_priority(intid, 0x50);
        gic::set_route(intid, 0);
        EXPECT_EQ_AT(intid, gic::priority(intid), 0x50);
        EXPECT_EQ_AT(intid, read64(gic::kDist + gic::kIrouter + intid * 8), 0);
        EXPECT_EQ_AT(intid, read32(gic::kDist + gic::kIsenabler + intid / 32 * 4) >> intid % 32 & 1, 0);
        gic::set_group(intid, 1);
        EXPECT_EQ_AT(intid, read32(gic::kDist + gic::kIgroupr + intid / 32 * 4) >> intid % 32 & 1, 1);
        gic::set_edge(intid, true);
        EXPECT_EQ_AT(intid, read32(gic::kDist + gic::kIcfgr + intid / 16 * 4) >> intid % 16 * 2 & 3, 2);
        gic::set_edge(intid, false);
        EXPECT_EQ_AT(intid, read32(gic::kDist + gic::kIcfgr + intid / 16 * 4) >> intid % 16 * 2 & 3, 0);
    }
}
