// smp: 3
// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

// A word of a bank keeps what is written: these bits, and none.
void check_word(u64 bank, u32 offset, u32 bits) {
    const u64 address = gic::kDist + bank + offset;
    write32(address, bits);
    EXPECT_EQ_AT(bank + offset, read32(address), bits);
    write32(address, 0);
    EXPECT_EQ_AT(bank + offset, read32(address), 0);
}

void check_enables(u32 offset) {
    write32(gic::kDist + gic::kIsenabler + offset, ~0u);
    EXPECT_EQ_AT(offset, read32(gic::kDist + gic::kIsenabler + offset), ~0u);
    EXPECT_EQ_AT(offset, read32(gic::kDist + gic::kIcenabler + offset), ~0u);
    write32(gic::kDist + gic::kIcenabler + offset, ~0u);
    EXPECT_EQ_AT(offset, read32(gic::kDist + gic::kIsenabler + offset), 0);
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
    // Every SPI has all its bits; the last bank may be a part of one.
    for (u32 intid = 32; intid < gic::intid_count(); intid += 32) {
        if (intid + 32 <= 1020) {
            check_word(gic::kIgroupr, intid / 8, ~0u);
            check_enables(intid / 8);
            for (u32 i = 0; i < 32; i += 16) check_word(gic::kIcfgr, (intid + i) / 4, 0xaaaaaaaa);
        }
        for (u32 i = 0; i < 32 && intid + i < 1020; i += 4) {
            check_word(gic::kIpriorityr, intid + i, 0x50505050);
            check_word(gicv2::kItargetsr, intid + i, 0x05050505);
        }
    }
    // Words of bytes, in memory order.
    write32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi, 0x01020407);
    EXPECT_EQ(read32(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi), 0x01020407);
    EXPECT_EQ(read8(gic::kDist + gicv2::kItargetsr + gic::kFreeSpi + 2), 2);
}
