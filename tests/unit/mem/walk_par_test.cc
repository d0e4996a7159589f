// PAR_EL1 (DDI0487 "PAR_EL1, Physical Address Register"): fixed vectors, and results that other
// implementations of AT once got wrong.
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

class WalkPar : public WalkTest {
protected:
    u64 par(u64 va, Access access = {}) { return encode_par(walk(va, access)); }
};

// Successful translations.

TEST_F(WalkPar, SuccessHasAddressAttributesAndShareability) {
    map_page(kPa | kPage | kAf | kInner);
    EXPECT_EQ(par(kVa | 0xabc), 0xff00'0000'0000'0000 | kPa | 0x980);
    map_page(kPa | kPage | kAf | attr_index(3));
    EXPECT_EQ(par(kVa), kPa | 0x900);
    map_page(kPa | kPage | kAf | attr_index(2) | kInner);
    EXPECT_EQ(par(kVa), 0x4400'0000'0000'0000 | kPa | 0x900);
    regs.SCTLR_EL1 = 0;
    EXPECT_EQ(par(kPa | 0xfff), kPa | 0x900);
}

TEST_F(WalkPar, AddressesOf52Bits) {
    regs.TCR_EL1 = t0sz(16) | kDs | kIps52 | (0b11 << 12);
    map_page(kPa | bit(49) | (0b11 << 8) | kPage | kAf);
    EXPECT_EQ(par(kVa), 0xff0e'0000'0000'0000 | kPa | 0x980);
}

// Faults, one vector per kind and level.

TEST_F(WalkPar, TranslationFaults) {
    map_page(0);
    EXPECT_EQ(par(kVa), 0x80fu);
    put(0x3018, 0);
    EXPECT_EQ(par(kVa), 0x80du);
    put(0x2010, 0);
    EXPECT_EQ(par(kVa), 0x80bu);
    put(0x1008, 0);
    EXPECT_EQ(par(kVa), 0x809u);
    regs.TCR_EL1 = t0sz(12) | kDs | kIps52;
    regs.TTBR0_EL1 = 0x5000;
    put(0x5000, 0);
    EXPECT_EQ(par(0), 0x857u);
}

TEST_F(WalkPar, AccessFlagAndPermissionFaults) {
    map_page(kPa | kPage);
    EXPECT_EQ(par(kVa), 0x817u);
    put(kLeafAt, kPa | kPage | kAf | kAp2);
    EXPECT_EQ(par(kVa, kWrite), 0x81fu);
    put(0x3018, kBlock);
    EXPECT_EQ(par(kVa), 0x815u);
    put(0x3018, kBlock | kAf | kAp2);
    EXPECT_EQ(par(kVa, kWrite), 0x81du);
    put(0x2010, kBlock | kAf | kAp2);
    EXPECT_EQ(par(kVa, kWrite), 0x81bu);
}

TEST_F(WalkPar, AddressSizeFaults) {
    regs.TCR_EL1 = t0sz(16) | kIps32;
    map_page((1ull << 32) | kPage | kAf);
    EXPECT_EQ(par(kVa), 0x807u);
    put(0x2010, (1ull << 32) | kTable);
    EXPECT_EQ(par(kVa), 0x803u);
    regs.TTBR0_EL1 = 1ull << 32;
    EXPECT_EQ(par(kVa), 0x801u);
    EXPECT_EQ(encode_par(std::unexpected(address_size(-1))), 0x853u);
}

TEST_F(WalkPar, ExternalAborts) {
    map_page(kPa | kPage | kAf);
    memory.erase(0x3018);
    EXPECT_EQ(par(kVa), 0x82du);
    EXPECT_EQ(encode_par(std::unexpected(external_abort(-1))), 0x827u);
}

TEST_F(WalkPar, Stage2Faults) {
    const auto stage2 = [](Fault fault, bool on_walk) {
        fault.stage2 = true;
        fault.on_walk = on_walk;
        return encode_par(std::unexpected(fault));
    };
    EXPECT_EQ(stage2(translation(2), true), 0xb0du);
    EXPECT_EQ(stage2(translation(3), false), 0xa0fu);
    EXPECT_EQ(stage2(permission(3), false), 0xa1fu);
}

TEST_F(WalkPar, OverlayAndDirtyBit) {
    Fault fault = permission(3);
    fault.overlay = true;
    EXPECT_EQ(encode_par(std::unexpected(fault)), 0x481fu);
    fault = permission(3);
    fault.dirty_bit = true;
    EXPECT_EQ(encode_par(std::unexpected(fault)), 0x881fu);
}

// What earlier emulations of AT got wrong, as far as EL1&0 stage 1 can.

TEST_F(WalkPar, TheAccessFlagIsChecked) {
    map_page(kPa | kPage | kInner);
    EXPECT_EQ(par(kVa), 0x817u);
    EXPECT_EQ(par(kVa, kWrite), 0x817u);
}

TEST_F(WalkPar, PtwIsOnlyForStage2) {
    map_page(0);
    EXPECT_EQ(extract(par(kVa), 9, 8), 0u);
    memory.erase(kLeafAt);
    EXPECT_EQ(extract(par(kVa), 9, 8), 0u);
}

TEST_F(WalkPar, AddressesOf52BitsAreWalked) {
    regs.TCR_EL1 = t0sz(12) | kTg0_64K | kIps52;
    regs.TTBR0_EL1 = 0x10'0000 | (0xf << 2);
    put((0xfull << 48) | (0x10'0000 + 0x3ff * 8), (0xf << 12) | (9ull << 42) | kBlock | kAf | kInner);
    EXPECT_EQ(par((0x3ffull << 42) | 0x1000), 0xff0f'0000'0000'0000 | (9ull << 42) | 0x1980);
}

TEST_F(WalkPar, HaIsBit39AndNeedsTheFeature) {
    map_page(kPa | kPage | kInner);
    regs.TCR_EL1 |= bit(21);  // HA of TCR_EL2's layout; here bit 5 of T1SZ
    EXPECT_EQ(par(kVa), 0x817u);
    regs.TCR_EL1 |= kHa;
    EXPECT_EQ(par(kVa), 0xff00'0000'0000'0000 | kPa | 0x980);
    features.haf = features.hdbs = false;
    EXPECT_EQ(par(kVa), 0x817u);
}

TEST_F(WalkPar, FaultsBeforeTheWalkAreAtLevel0) {
    // As the library pseudocode says. Recent KVM reports the start level.
    regs.TCR_EL1 = t0sz(25) | kIps48;
    EXPECT_EQ(par(1ull << 39), 0x809u);
    regs.TCR_EL1 = t0sz(25) | kEpd0 | kIps48;
    EXPECT_EQ(par(0), 0x809u);
    regs.TCR_EL1 = t0sz(8) | kIps48;
    EXPECT_EQ(par(0), 0x809u);
}

TEST_F(WalkPar, ANonCanonicalAddressIsATranslationFault) {
    // Not an Address size fault, which is KVM's answer.
    map_page(kPa | kPage | kAf);
    EXPECT_EQ(par(bit(60) | kVa), 0x809u);
}

}  // namespace
}  // namespace trapeze::mem
