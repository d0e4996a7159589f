// The regimes of EL2 (DDI0487 "Translation regimes", "TCR_EL2", "HCR_EL2"), and what HCR_EL2 does to stage 1
// of EL1&0.
#include "walk_el2_fixture.h"

namespace trapeze::mem {
namespace {

using testing::IsEmpty;

// EL2: one range, and the layout of TCR_EL2 that is its own.

class WalkEl2 : public El2Test {
protected:
    WalkEl2() { map(kPa | kPage | kAf | kInner); }

    WalkResult walk(u64 va, Access access = {}) { return walk_in(Regime::El2, va, access); }
    Fault fault(u64 va, Access access = {}) { return fault_in(Regime::El2, va, access); }
    u64 pa(u64 va, Access access = {}) { return pa_in(Regime::El2, va, access); }
    std::string rights_of(u64 attributes) {
        put(kLeafAt, kPa | kPage | kAf | attributes);
        return rights_in(Regime::El2, kVa);
    }
};

TEST_F(WalkEl2, Translates) {
    regs = {};  // EL1's play no part
    const WalkResult result = walk(kVa | 0xabc);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, kPa | 0xabc);
    EXPECT_EQ(result->attributes,
              (MemoryAttributes{.attr = 0xff, .shareability = Shareability::InnerShareable}));
    EXPECT_EQ(rights_text(result->permissions), "rwx/---");
}

TEST_F(WalkEl2, NothingIsTaggedWithAnAsid) {
    put(kLeafAt, kPa | kPage | kAf | kNg);
    EXPECT_TRUE(walk(kVa)->global);
}

TEST_F(WalkEl2, TheUpperHalfIsATranslationFaultAtLevel0) {
    // Not an Address size fault, which is KVM's answer.
    el2.TTBR1_EL2 = el2.TTBR0_EL2;
    EXPECT_EQ(fault(~u64{0}), translation(0));
    EXPECT_EQ(fault(bit(55) | kVa), translation(0));
    EXPECT_THAT(reads, IsEmpty());
    el2.TCR_EL2 |= kEl2Tbi;
    EXPECT_EQ(fault(bit(55) | kVa), translation(0));
    EXPECT_EQ(pa((0xa5ull << 56) | kVa), kPa);
}

TEST_F(WalkEl2, TbiAndTbidAreBits20And29) {
    const u64 tagged = 0x5aull << 56 | kVa;
    EXPECT_EQ(fault(tagged), translation(0));
    el2.TCR_EL2 |= kTbi0 | kTbi1;  // of the other layout
    EXPECT_EQ(fault(tagged), translation(0));
    el2.TCR_EL2 |= kEl2Tbi;
    EXPECT_EQ(pa(tagged), kPa);
    EXPECT_EQ(pa(tagged, kFetch), kPa);
    el2.TCR_EL2 |= kEl2Tbid;
    EXPECT_EQ(pa(tagged), kPa);
    EXPECT_EQ(fault(tagged, kFetch), translation(0));
}

TEST_F(WalkEl2, MtxIsBit33) {
    EXPECT_EQ(fault(0x5ull << 56 | kVa), translation(0));
    el2.TCR_EL2 |= kEl2Mtx;
    EXPECT_EQ(pa(0x5ull << 56 | kVa), kPa);
    EXPECT_EQ(fault(0x5ull << 56 | kVa, kFetch), translation(0)) << "a PC has no tag";
}

TEST_F(WalkEl2, HaIsBit21) {
    put(kLeafAt, kPa | kPage | kInner);
    el2.TCR_EL2 |= kHa;  // of the other layout
    EXPECT_EQ(fault(kVa), access_flag(3));
    el2.TCR_EL2 |= kEl2Ha;
    EXPECT_TRUE(walk(kVa)->sets_access_flag);
    features.haf = features.hdbs = false;
    EXPECT_EQ(fault(kVa), access_flag(3));
}

TEST_F(WalkEl2, HdIsBit22) {
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/---");
    el2.TCR_EL2 |= kEl2Ha | kEl2Hd;
    EXPECT_EQ(rights_of(kAp2 | kDbm), "rwx/---");
}

TEST_F(WalkEl2, PsIsInBits18To16) {
    put(kLeafAt, bit(40) | kPage | kAf);
    EXPECT_EQ(pa(kVa), bit(40));
    el2.TCR_EL2 = t0sz(16) | kPs40 | kIps48;
    EXPECT_EQ(fault(kVa), address_size(3));
}

TEST_F(WalkEl2, EpdDoesNotExist) {
    el2.TCR_EL2 |= kEpd0 | kEpd1;
    EXPECT_EQ(pa(kVa), kPa);
    el2.TCR_EL2 |= kE0pd0;
    EXPECT_EQ(pa(kVa), kPa);
}

TEST_F(WalkEl2, AllGranulesAndLevels) {
    el2.TCR_EL2 = t0sz(22) | kTg0_64K | kPs48;
    el2.TTBR0_EL2 = 0x20'0000;
    put(0x20'0000 + 2 * 8, 0x6000'0000 | kBlock | kAf);
    EXPECT_EQ(pa(2ull << 29), 0x6000'0000u);
    el2.TCR_EL2 = t0sz(28) | kTg0_16K | kPs48;
    put(0x20'0000 + 2 * 8, 0x6000'0000 | kBlock | kAf);
    EXPECT_EQ(pa(2ull << 25), 0x6000'0000u);
    // DS is bit 32.
    el2.TCR_EL2 = t0sz(12) | kPs52 | kEl2Ds;
    EXPECT_EQ(fault(0), external_abort(-1));
    el2.TCR_EL2 = t0sz(12) | kPs52 | kDs;
    EXPECT_EQ(fault(0), translation(0));
}

TEST_F(WalkEl2, XnIsUxnsBitAndAp1IsIgnored) {
    EXPECT_EQ(rights_of(0), "rwx/---");
    EXPECT_EQ(rights_of(kAp1), "rwx/---");
    EXPECT_EQ(rights_of(kAp2), "r-x/---");
    EXPECT_EQ(rights_of(kPxn), "rwx/---");
    EXPECT_EQ(rights_of(kUxn), "rw-/---");
    el2.SCTLR_EL2 |= kSctlrWxn;
    EXPECT_EQ(rights_of(0), "rw-/---");
    EXPECT_EQ(rights_of(kAp2), "r-x/---");
}

TEST_F(WalkEl2, HierarchicalControlHasXnTableAndReadOnly) {
    put(0x1008, 0x2000 | kTable | kApTable0 | kPxnTable);
    EXPECT_EQ(rights_of(0), "rwx/---");
    put(0x1008, 0x2000 | kTable | kApTable1 | kUxnTable);
    EXPECT_EQ(rights_of(0), "r--/---");
    el2.TCR_EL2 |= kHpd0 | kHpd1;  // of the other layout
    EXPECT_EQ(rights_of(0), "r--/---");
    el2.TCR_EL2 |= kEl2Hpd;
    EXPECT_EQ(rights_of(0), "rwx/---");
    features.hpds = false;
    EXPECT_EQ(rights_of(0), "r--/---");
}

TEST_F(WalkEl2, PanHasNoEl0ToProtectFrom) {
    put(kLeafAt, kPa | kPage | kAf | kAp1);
    EXPECT_EQ(pa(kVa, kReadPan), kPa);
}

TEST_F(WalkEl2, IndirectPermissionsAreOfPirEl2Alone) {
    el2.TCR2_EL2 = kTcr2Pie;
    el2.PIR_EL2 = 0xe;    // RWX for index 0
    el2.PIRE0_EL2 = 0x7;  // would deny both
    EXPECT_EQ(rights_of(0), "rwx/---");
    EXPECT_EQ(pa(kVa, kReadPan), kPa);
    el2.PIR_EL2 = 0xa;
    EXPECT_EQ(rights_of(0), "r-x/---");
    el2.HCRX_EL2 = 0;  // gates TCR2_EL1 alone
    EXPECT_EQ(rights_of(0), "r-x/---");
}

TEST_F(WalkEl2, OverlaysAreOfPorEl2) {
    el2.TCR2_EL2 = kTcr2Poe | kTcr2E0poe;
    regs.POR_EL0 = regs.POR_EL1 = 0;
    el2.POR_EL2 = 0x1;
    EXPECT_EQ(rights_of(0), "r--/---");
    Fault denied = permission(3);
    denied.overlay = true;
    EXPECT_EQ(fault(kVa, kWrite), denied);
}

TEST_F(WalkEl2, AttributesAreOfMairEl2) {
    el2.MAIR_EL2 = 0x04;
    regs.MAIR_EL1 = 0xff;
    EXPECT_EQ(walk(kVa)->attributes.attr, 0x04);
    el2.MAIR_EL2 = 0xff;
    el2.SCTLR_EL2 &= ~kSctlrC;
    EXPECT_EQ(walk(kVa)->attributes.attr, 0x44);
}

TEST_F(WalkEl2, Mair2WithAie) {
    el2.MAIR_EL2 = 0xff;
    el2.MAIR2_EL2 = 0x04;
    regs.MAIR2_EL1 = 0x44;
    put(kLeafAt, kPa | kPage | kAf | bit(59));
    EXPECT_EQ(walk(kVa)->attributes.attr, 0xff);
    regs.TCR2_EL1 = kTcr2Aie;
    EXPECT_EQ(walk(kVa)->attributes.attr, 0xff);
    el2.TCR2_EL2 = kTcr2Aie;
    EXPECT_EQ(walk(kVa)->attributes.attr, 0x04);
    features.aie = false;
    EXPECT_EQ(walk(kVa)->attributes.attr, 0xff);
}

TEST_F(WalkEl2, TablesHaveTheByteOrderOfSctlrEl2) {
    for (auto& [address, descriptor] : memory) descriptor = __builtin_bswap64(descriptor);
    regs.SCTLR_EL1 |= kSctlrEe;
    EXPECT_FALSE(walk(kVa));
    el2.SCTLR_EL2 |= kSctlrEe;
    EXPECT_EQ(pa(kVa), kPa);
}

TEST_F(WalkEl2, OffIsFlat) {
    el2.SCTLR_EL2 = 0;
    el2.HCR_EL2 = kHcrDc | kHcrVm;  // about EL1&0 only
    const WalkResult result = walk(kVa);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->flat);
    EXPECT_EQ(result->pa.value, kVa);
    EXPECT_EQ(result->attributes.attr, 0);
    EXPECT_EQ(rights_text(result->permissions), "rwx/---");
    EXPECT_EQ(fault(bit(52)), address_size(0));
}

// EL2&0: TCR_EL2 is laid out as TCR_EL1.

class WalkEl20 : public El2Test {
protected:
    WalkEl20() {
        set_e2h();
        map(kPa | kPage | kAf | kInner);
    }

    std::string rights_of(u64 attributes, bool pan = false) {
        put(kLeafAt, kPa | kPage | kAf | attributes);
        return rights_in(Regime::El20, kVa, pan);
    }
};

TEST_F(WalkEl20, HasTwoRanges) {
    regs = {};
    EXPECT_EQ(pa_in(Regime::El20, kVa | 0xabc), kPa | 0xabc);
    el2.TTBR1_EL2 = 0x2'0000;
    put(0x2'0000 + 511 * 8, 0x2'1000 | kTable);
    put(0x2'1000 + 511 * 8, 0x4000'0000 | kBlock | kAf | kNg);
    const WalkResult result = walk_in(Regime::El20, ~u64{0});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, 0x7fff'ffffu);
    EXPECT_FALSE(result->global);
    el2.TCR_EL2 |= kEpd1;
    EXPECT_EQ(fault_in(Regime::El20, ~u64{0}), translation(0));
}

TEST_F(WalkEl20, HasTheFieldsOfTcrEl1) {
    const u64 tagged = 0xa5ull << 56 | kVa;
    el2.TCR_EL2 |= kEl2Tbi;  // here bit 4 of T1SZ
    EXPECT_EQ(fault_in(Regime::El20, tagged), translation(0));
    el2.TCR_EL2 |= kTbi0;
    EXPECT_EQ(pa_in(Regime::El20, tagged), kPa);
    put(kLeafAt, kPa | kPage);
    EXPECT_EQ(fault_in(Regime::El20, kVa), access_flag(3));
    el2.TCR_EL2 |= kHa;
    EXPECT_TRUE(walk_in(Regime::El20, kVa)->sets_access_flag);
}

TEST_F(WalkEl20, HasTheirPermissionControls) {
    put(0x1008, 0x2000 | kTable | kApTable1);
    EXPECT_EQ(rights_of(0), "r-x/--x");
    el2.TCR_EL2 |= kHpd1;
    EXPECT_EQ(rights_of(0), "r-x/--x");
    el2.TCR_EL2 |= kHpd0;
    EXPECT_EQ(rights_of(0), "rwx/--x");
    EXPECT_EQ(rights_of(kAp2 | kDbm), "r-x/--x");
    el2.TCR_EL2 |= kHa | kHd;
    EXPECT_EQ(rights_of(kAp2 | kDbm), "rwx/--x");
    regs.SCTLR_EL1 |= kSctlrWxn;
    EXPECT_EQ(rights_of(0), "rwx/--x");
    el2.SCTLR_EL2 |= kSctlrWxn;
    EXPECT_EQ(rights_of(0), "rw-/--x");
}

TEST_F(WalkEl20, HasTheirGranulesAndSizes) {
    el2.TTBR1_EL2 = 0x2'0000;
    put(0x2'0000 + 2047 * 8, 0x4000'0000 | kBlock | kAf);
    el2.TCR_EL2 = t0sz(16) | t1sz(28) | kTg0_4K | kTg1_16K | kIps48;
    EXPECT_EQ(pa_in(Regime::El20, ~u64{0}), 0x41ff'ffffu);
    put(kLeafAt, bit(40) | kPage | kAf);
    EXPECT_EQ(pa_in(Regime::El20, kVa), bit(40));
    el2.TCR_EL2 = t0sz(16) | kTg0_4K | kIps36;
    EXPECT_EQ(fault_in(Regime::El20, kVa), address_size(3));
    // TCR_EL1.DS, and a walk from level -1.
    el2.TCR_EL2 = t0sz(12) | kTg0_4K | kIps52 | kDs;
    EXPECT_EQ(fault_in(Regime::El20, bit(51)), external_abort(-1));
}

TEST_F(WalkEl20, AttributesAndByteOrderAreOfEl2) {
    el2.MAIR_EL2 = 0x04;
    EXPECT_EQ(walk_in(Regime::El20, kVa)->attributes.attr, 0x04);
    for (auto& [address, descriptor] : memory) descriptor = __builtin_bswap64(descriptor);
    EXPECT_FALSE(walk_in(Regime::El20, kVa));
    el2.SCTLR_EL2 |= kSctlrEe;
    EXPECT_EQ(pa_in(Regime::El20, kVa), kPa);
}

TEST_F(WalkEl20, HasAnEl0) {
    EXPECT_EQ(rights_of(kAp1), "rw-/rwx");
    EXPECT_EQ(rights_of(kAp1 | kPxn | kUxn), "rw-/rw-");
    EXPECT_EQ(rights_of(0), "rwx/--x");
    EXPECT_EQ(rights_of(kAp1, true), "---/rwx");
    EXPECT_EQ(rights_of(0, true), "rwx/--x");
    el2.SCTLR_EL2 |= kSctlrEpan;
    EXPECT_EQ(rights_of(0, true), "--x/--x");
    el2.TCR_EL2 |= kE0pd0;
    EXPECT_EQ(fault_in(Regime::El20, kVa, kEl0Read), translation(0));
}

TEST_F(WalkEl20, IndirectPermissionsAndOverlays) {
    el2.TCR2_EL2 = kTcr2Pie;
    el2.PIR_EL2 = 0x5;
    el2.PIRE0_EL2 = 0x3;
    EXPECT_EQ(rights_of(0), "rw-/r-x");
    EXPECT_EQ(rights_of(0, true), "---/r-x");
    el2.TCR2_EL2 |= kTcr2Poe | kTcr2E0poe;
    el2.POR_EL2 = 0x1;
    regs.POR_EL0 = 0x2;
    EXPECT_EQ(rights_of(0), "r--/--x");
}

// What HCR_EL2 and HCRX_EL2 do to stage 1 of EL1&0.

class WalkHcr : public El2Test {
protected:
    WalkHcr() { map(kPa | kPage | kAf | kInner); }

    WalkResult stage1(u64 va, Access access = {}) { return walk_in(Regime::El10, va, access, Stages::One); }
};

TEST_F(WalkHcr, TgeSwitchesStage1Off) {
    EXPECT_EQ(stage1(kVa)->pa.value, kPa);
    el2.HCR_EL2 = kHcrTge;
    const WalkResult result = stage1(kVa);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->flat);
    EXPECT_EQ(encode_par(result), kVa | 0x900);
    features.el2 = false;
    EXPECT_EQ(stage1(kVa)->pa.value, kPa);
}

TEST_F(WalkHcr, DcMakesEverythingWriteBackNonShareable) {
    el2.HCR_EL2 = kHcrDc;
    const WalkResult result = stage1(kVa);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->flat);
    EXPECT_EQ(encode_par(result), 0xff00'0000'0000'0000 | kVa | 0x800);
    EXPECT_EQ(stage1(kVa, kFetch)->attributes.attr, 0xff);
    el2.HCR_EL2 |= kHcrDct;
    EXPECT_EQ(stage1(kVa)->attributes.attr, 0xff);
    features.mte2 = true;
    EXPECT_EQ(stage1(kVa)->attributes.attr, 0xf0);
    // Not for a host.
    el2.HCR_EL2 = kHcrDc | kHcrTge | kHcrE2h;
    EXPECT_EQ(stage1(kVa)->attributes.attr, 0);
}

TEST_F(WalkHcr, Tcr2EnGatesTcr2El1) {
    regs.TCR2_EL1 = kTcr2Pie;
    regs.PIR_EL1 = 0x1;
    const auto rights = [&] { return rights_text(stage1(kVa, {.kind = AccessKind::Any})->permissions); };
    EXPECT_EQ(rights(), "r--/---");
    el2.HCRX_EL2 = ~kHcrxTcr2En;
    EXPECT_EQ(rights(), "rwx/--x");
    el2.HCRX_EL2 = kHcrxTcr2En;
    features.hcx = false;  // HCRX_EL2 is as if 0
    EXPECT_EQ(rights(), "rwx/--x");
    features.el2 = false;
    EXPECT_EQ(rights(), "r--/---");
}

TEST_F(WalkHcr, Nv1MakesEl1sTablesLikeEl2s) {
    el2.HCR_EL2 = kHcrNv | kHcrNv1;
    const auto rights = [&](u64 attributes, bool pan = false) {
        put(kLeafAt, kPa | kPage | kAf | attributes);
        return rights_text(stage1(kVa, {.kind = AccessKind::Any, .pan = pan})->permissions);
    };
    EXPECT_EQ(rights(kAp1), "rwx/--x");
    EXPECT_EQ(rights(kAp1, true), "rwx/--x");
    EXPECT_EQ(rights(kUxn), "rw-/--x");
    EXPECT_EQ(rights(kPxn), "rwx/--x");
    el2.HCR_EL2 = kHcrNv1;
    EXPECT_EQ(rights(kAp1), "rw-/rwx");
    el2.HCR_EL2 = kHcrNv | kHcrNv1;
    features.nv = false;
    EXPECT_EQ(rights(kAp1), "rw-/rwx");
}

TEST_F(WalkHcr, WithoutVheE2hIsNotThereAndWithoutE2h0ItIsAlwaysSet) {
    el2.HCR_EL2 = kHcrDc | kHcrTge | kHcrE2h;
    features.vhe = false;
    EXPECT_EQ(stage1(kVa)->attributes.attr, 0xff);
    features.vhe = true;
    features.e2h0 = false;
    el2.HCR_EL2 = kHcrDc | kHcrTge;
    EXPECT_EQ(stage1(kVa)->attributes.attr, 0);
}

}  // namespace
}  // namespace trapeze::mem
