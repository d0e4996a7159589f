// smp: 3
// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

u32 bit_of(u64 bank, u32 intid) {
    return read32(gic::kDist + bank + intid / 32 * 4) >> intid % 32 & 1;
}
u32 config_of(u32 intid) {
    return read32(gic::kDist + gic::kIcfgr + intid / 16 * 4) >> intid % 16 * 2 & 3;
}

// Every SPI has all its bits.
void check_spi(u32 intid) {
    gic::disable(intid);
    gic::set_group(intid, 1);
    gic::set_priority(intid, 0x50);
    gic::set_targets(intid, 5);
    EXPECT_EQ_AT(intid, gic::priority(intid), 0x50);
    EXPECT_EQ_AT(intid, read8(gic::kDist + gicv2::kItargetsr + intid), 5);
    EXPECT_EQ_AT(intid, bit_of(gic::kIsenabler, intid), 0);
    EXPECT_EQ_AT(intid, bit_of(gic::kIgroupr, intid), 1);
    gic::set_group(intid, 0);
    EXPECT_EQ_AT(intid, bit_of(gic::kIgroupr, intid), 0);
    gic::set_edge(intid, true);
    EXPECT_EQ_AT(intid, config_of(intid), 2);
    gic::set_edge(intid, false);
    EXPECT_EQ_AT(intid, config_of(intid), 0);
}

}  // namespace

// IHI0048 "Distributor register descriptions": what there is.
TEST(gicv2_identification) {
    const u32 typer = read32(gic::kDist + gic::kTyper);
    EXPECT(gic::intid_count() >= 64);
    EXPECT_EQ(field(typer, 7, 5), 3 - 1);  // CPUNumber
    EXPECT_EQ(field(typer, 10, 10), 0);    // SecurityExtn
    EXPECT_EQ(field(read32(gic::kDist + gicv2::kPidr2), 7, 4), 2);
    EXPECT_EQ(read32(gic::kDist + gic::kCtlr) & 3, 0);
    gic::init();
    EXPECT_EQ(read32(gic::kDist + gic::kCtlr), 3);
    // SGIs are edge-triggered, always.
    write32(gic::kDist + gic::kIcfgr, 0);
    EXPECT_EQ(read32(gic::kDist + gic::kIcfgr), 0xaaaaaaaa);
    // The last INTIDs are reserved whatever the size.
    if (gic::intid_count() == 1024) {
        write32(gic::kDist + gic::kIsenabler + 31 * 4, 0xf0000000);
        EXPECT_EQ(read32(gic::kDist + gic::kIsenabler + 31 * 4) >> 28, 0);
    }
    for (u32 intid = 32; intid < gic::intid_count() && intid < 1020; ++intid) check_spi(intid);
    // Words of bytes, in memory order.
    write32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi, 0x01020407);
    EXPECT_EQ(read32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi), 0x01020407);
    EXPECT_EQ(read8(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi + 2), 2);
}
