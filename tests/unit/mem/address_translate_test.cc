// The AT instructions: which walk each is, fixed values of PAR_EL1, and what other emulations once got wrong.
#include "trapeze/mem/address_translate.h"

#include <set>

#include "walk_el2_fixture.h"

namespace trapeze::mem {
namespace {

using enum AtOperation;

class AddressTranslate : public Stage2Test {
protected:
    u64 par(AtOperation operation, u64 va = kVa, bool pan = false) {
        reads.clear();
        const auto result = address_translate(operation, all(), features, pan, Gva{va}, reader());
        EXPECT_TRUE(result) << "UNDEFINED";
        return result.value_or(~u64{0});
    }
    bool undefined(AtOperation operation) {
        return !address_translate(operation, all(), features, false, Gva{kVa}, reader());
    }
    void leaf(u64 attributes) { put(kLeafAt, kPa | kPage | kAf | kInner | attributes); }

    static constexpr u64 kOk = 0xff00'0000'0000'0000 | kPa | 0x980;
    static constexpr u64 kOk12 = 0xff00'0000'0000'0000 | kOutputPa | 0x980;
};

// Which walk.

TEST_F(AddressTranslate, OneRowForEachInstruction) {
    std::set<arch::SysReg> instructions;
    for (const AtOperationRow& row : at_operations()) {
        instructions.insert(row.instruction);
        EXPECT_EQ(find_at_operation(row.instruction), row.operation);
        EXPECT_EQ(row.instruction.op0(), 1u);
        EXPECT_EQ(row.instruction.crn(), 7u);
    }
    EXPECT_EQ(instructions.size(), 14u);
    EXPECT_EQ(find_at_operation(arch::reg::TTBR0_EL1), std::nullopt);
    EXPECT_EQ(find_at_operation(arch::SysReg(1, 6, 7, 8, 0)), std::nullopt) << "S1E3R";
}

TEST_F(AddressTranslate, ReadAndWriteAndPrivilege) {
    leaf(0);
    EXPECT_EQ(par(S1E1R), kOk);
    EXPECT_EQ(par(S1E1W), kOk);
    EXPECT_EQ(par(S1E0R), 0x81fu);
    EXPECT_EQ(par(S1E0W), 0x81fu);
    leaf(kAp1 | kAp2);
    EXPECT_EQ(par(S1E1R), kOk);
    EXPECT_EQ(par(S1E1W), 0x81fu);
    EXPECT_EQ(par(S1E0R), kOk);
    EXPECT_EQ(par(S1E0W), 0x81fu);
    leaf(kAp1);
    EXPECT_EQ(par(S1E0W), kOk);
    // Execution is never asked for.
    leaf(kPxn | kUxn);
    EXPECT_EQ(par(S1E1R), kOk);
}

TEST_F(AddressTranslate, PanIsForThePForms) {
    leaf(kAp1);
    EXPECT_EQ(par(S1E1R, kVa, true), kOk);
    EXPECT_EQ(par(S1E1W, kVa, true), kOk);
    EXPECT_EQ(par(S1E1RP, kVa, true), 0x81fu);
    EXPECT_EQ(par(S1E1WP, kVa, true), 0x81fu);
    EXPECT_EQ(par(S1E1RP, kVa, false), kOk);
    EXPECT_EQ(par(S12E1R, kVa, true), kOk12);
    leaf(0);
    EXPECT_EQ(par(S1E1RP, kVa, true), kOk);
    regs.SCTLR_EL1 |= kSctlrEpan;
    EXPECT_EQ(par(S1E1RP, kVa, true), 0x81fu);
    EXPECT_EQ(par(S1E1WP, kVa, true), 0x81fu);
}

TEST_F(AddressTranslate, IsNoFetch) {
    regs.TCR_EL1 |= kTbi0 | kTbid0;  // the tag counts for fetches
    EXPECT_EQ(par(S1E1R, kVa | 0xa5ull << 56), kOk);
    EXPECT_EQ(par(S12E0R, kVa | 0xa5ull << 56), 0x81fu);
}

TEST_F(AddressTranslate, TheAFormsNeedNoPermission) {
    regs.TCR2_EL1 = el2.TCR2_EL2 = kTcr2Pie;
    leaf(0);
    EXPECT_EQ(par(S1E1R), 0x81fu);
    EXPECT_EQ(par(S1E1A), kOk);
    EXPECT_EQ(par(S1E2R), 0x81fu);
    EXPECT_EQ(par(S1E2A), kOk);
    put(kLeafAt, kPa | kPage);
    EXPECT_EQ(par(S1E1A), 0x817u) << "but the Access flag";
}

TEST_F(AddressTranslate, RegimesByE2hAndTge) {
    // Each regime has a page of its own.
    const auto table = [&](u64 at, u64 pa) {
        put(at + 8, (at + 0x1000) | kTable);
        put(at + 0x1000 + 16, pa | kBlock | kAf | kAp1 | kInner);
        return at;
    };
    constexpr u64 kGb = 1 << 30;
    regs.TTBR0_EL1 = table(0x2'0000, 1 * kGb);
    el2.TTBR0_EL2 = table(0x3'0000, 4 * kGb);
    el2.HCR_EL2 = 0;
    const u64 va = (1ull << 39) | (2ull << 30);
    const auto gb = [&](AtOperation operation) {
        const u64 value = par(operation, va);
        return (value & 1) != 0 ? ~u64{0} : (value & mask(51, 12)) / kGb;
    };
    const auto expect = [&](u64 el1, u64 el2_pa) {
        for (const AtOperation op :
             {S1E1R, S1E1W, S1E0R, S1E0W, S1E1RP, S1E1WP, S1E1A, S12E1R, S12E1W, S12E0R, S12E0W})
            EXPECT_EQ(gb(op), el1) << static_cast<int>(op);
        for (const AtOperation op : {S1E2R, S1E2W, S1E2A}) EXPECT_EQ(gb(op), el2_pa);
    };
    expect(1, 4);
    // EL2 has no upper range, EL2&0 does.
    EXPECT_EQ(par(S1E2R, ~u64{0}), 0x809u);
    set_e2h();
    el2.TTBR1_EL2 = 0x4'0000;
    put(0x4'0000 + 511 * 8, 0x4'1000 | kTable);
    put(0x4'1000 + 511 * 8, 5 * kGb | kBlock | kAf | kInner);
    expect(1, 4);
    EXPECT_EQ(par(S1E2R, ~u64{0}) & mask(51, 30), 5 * kGb);
    el2.HCR_EL2 |= kHcrTge;
    expect(4, 4);
    EXPECT_EQ(par(S1E0R, ~u64{0}), 0x81bu);
    // TGE alone: EL1&0 with stage 1 off.
    el2.HCR_EL2 = kHcrTge;
    el2.TCR_EL2 = t0sz(16) | kPs48;
    EXPECT_EQ(par(S1E1R, va), va | 0x900);
    EXPECT_EQ(par(S1E2R, va) & mask(51, 30), 4 * kGb);
}

TEST_F(AddressTranslate, UndefinedWithoutTheFeature) {
    for (const AtOperationRow& row : at_operations()) EXPECT_FALSE(undefined(row.operation));
    features.pan2 = false;
    EXPECT_TRUE(undefined(S1E1RP) && undefined(S1E1WP) && !undefined(S1E1R));
    features.ats1a = false;
    EXPECT_TRUE(undefined(S1E1A) && undefined(S1E2A) && !undefined(S1E2R));
    features = el2_features();
    features.el2 = false;
    for (const AtOperation op : {S1E2R, S1E2W, S1E2A, S12E1R, S12E1W, S12E0R, S12E0W})
        EXPECT_TRUE(undefined(op));
    EXPECT_EQ(par(S1E1R), kOk);
    EXPECT_FALSE(undefined(S1E1A));
}

TEST_F(AddressTranslate, ExceptionsInsteadOfPar) {
    const auto result = [&](AtOperation op) {
        return walk_at(op, all(), features, false, Gva{kVa}, reader());
    };
    EXPECT_FALSE(at_takes_exception(result(S1E1R), true));
    put(kStage2Table, 0);
    EXPECT_TRUE(at_takes_exception(result(S1E1R), true));
    EXPECT_FALSE(at_takes_exception(result(S12E1R), false)) << "at EL2 it is reported";
    set_tables(kS2Normal);
    put(kOutputAt, 0);
    EXPECT_FALSE(at_takes_exception(result(S12E1R), false));
    memory.erase(kLeafAt);
    EXPECT_TRUE(at_takes_exception(result(S1E1R), true));
    EXPECT_TRUE(at_takes_exception(result(S1E2R), false));
    put(kLeafAt, 0);
    EXPECT_FALSE(at_takes_exception(result(S1E1R), true));
}

// Fixed values of PAR_EL1. Those of stage 1 alone are in walk_par_test.cc, too.

TEST_F(AddressTranslate, FixedValuesOfSuccess) {
    EXPECT_EQ(par(S1E1R), kOk);
    EXPECT_EQ(par(S1E2R), kOk);
    EXPECT_EQ(par(S12E1R, kVa | 0xfff), kOk12);
    leaf(attr_index(3));
    EXPECT_EQ(par(S1E1R), kPa | 0x900);
    EXPECT_EQ(par(S1E2R), kPa | 0x900);
    EXPECT_EQ(par(S12E1R), kOutputPa | 0x900);
    leaf(attr_index(2));
    EXPECT_EQ(par(S1E1R), 0x4400'0000'0000'0000 | kPa | 0x900);
    EXPECT_EQ(par(S12E1R), 0x4400'0000'0000'0000 | kOutputPa | 0x900);
    regs.SCTLR_EL1 = el2.SCTLR_EL2 = 0;
    EXPECT_EQ(par(S1E1R), kVa | 0x900);
    EXPECT_EQ(par(S1E2R), kVa | 0x900);
    el2.HCR_EL2 |= kHcrDc;
    EXPECT_EQ(par(S1E1R), 0xff00'0000'0000'0000 | kVa | 0x800);
}

TEST_F(AddressTranslate, FixedValuesOfFaults) {
    for (const AtOperation op : {S1E1R, S1E2R, S12E1R}) {
        SCOPED_TRACE(static_cast<int>(op));
        map(0);
        EXPECT_EQ(par(op), 0x80fu);
        put(0x3018, 0);
        EXPECT_EQ(par(op), 0x80du);
        put(0x2010, 0);
        EXPECT_EQ(par(op), 0x80bu);
        put(0x1008, 0);
        EXPECT_EQ(par(op), 0x809u);
        map(kPa | kPage);
        EXPECT_EQ(par(op), 0x817u);
        put(0x3018, kBlock);
        EXPECT_EQ(par(op), 0x815u);
    }
    for (const AtOperation op : {S1E1W, S1E2W, S12E1W}) {
        map(kPa | kPage | kAf | kAp2);
        EXPECT_EQ(par(op), 0x81fu);
        put(0x3018, kBlock | kAf | kAp2);
        EXPECT_EQ(par(op), 0x81du);
        put(0x2010, kBlock | kAf | kAp2);
        EXPECT_EQ(par(op), 0x81bu);
    }
    map(bit(40) | kPage | kAf);
    el2.TCR_EL2 = t0sz(16) | kPs32;
    EXPECT_EQ(par(S1E2R), 0x807u);
    put(0x2010, bit(40) | kTable);
    EXPECT_EQ(par(S1E2R), 0x803u);
    el2.TTBR0_EL2 = bit(40);
    EXPECT_EQ(par(S1E2R), 0x801u);
    el2.TCR_EL2 = t0sz(12) | kEl2Ds | kPs52;
    el2.TTBR0_EL2 = 0x5000;
    put(0x5000, 0);
    EXPECT_EQ(par(S1E2R, 0), 0x857u);
}

TEST_F(AddressTranslate, FixedValuesOfStage2Faults) {
    // Tables of stage 2 with three levels, for faults at levels 2 and 3.
    put(kOutputAt, 0x50'0000 | kTable);
    put(0x50'0000 + extract(kPa, 29, 21) * 8, 0x51'0000 | kTable);
    const u64 at = 0x51'0000 + extract(kPa, 20, 12) * 8;
    put(at, 0);
    EXPECT_EQ(par(S12E1R), 0xa0fu);
    put(at, 0x1'0000 | kPage | (kS2Normal & ~kS2Write));
    EXPECT_EQ(par(S12E1W), 0xa1fu);
    EXPECT_EQ(par(S12E1R), 0xff00'0000'0001'0980u);
    put(kStage2Table, 0x52'0000 | kTable);
    put(0x52'0000, 0);
    EXPECT_EQ(par(S12E1R), 0xb0du);
    EXPECT_EQ(par(S1E1R), 0xb0du);
    memory.erase(0x3018);
    put(0x52'0000, kBlock | kS2Normal);
    EXPECT_EQ(par(S1E1R), 0x82du);
}

// What Linux' emulation of AT had wrong in 6.12 and repaired later, one test each.

class AtOnceWrong : public AddressTranslate {};

TEST_F(AtOnceWrong, TheAccessFlagWasNotChecked) {
    put(kLeafAt, kPa | kPage | kInner);
    EXPECT_EQ(par(S1E1R), 0x817u);
    EXPECT_EQ(par(S1E2R), 0x817u);
    leaf(0);
    set_output(kS2Normal & ~kAf);
    EXPECT_EQ(par(S12E1R), 0xa13u);
}

TEST_F(AtOnceWrong, PtwWasSetForFaultsOfStage1) {
    put(kLeafAt, 0);
    EXPECT_EQ(extract(par(S1E1R), 9, 8), 0b00u);
    EXPECT_EQ(extract(par(S12E1R), 9, 8), 0b00u);
    leaf(0);
    put(kOutputAt, 0);
    EXPECT_EQ(extract(par(S12E1R), 9, 8), 0b10u);
}

TEST_F(AtOnceWrong, HostsWithE2hAndTgeHadNoRegime) {
    set_e2h();
    el2.HCR_EL2 |= kHcrTge;
    regs = {};
    for (const AtOperation op : {S1E1R, S1E1RP, S12E1R}) EXPECT_EQ(par(op), kOk);
    EXPECT_EQ(par(S1E0R), 0x81fu);
}

TEST_F(AtOnceWrong, S12StoppedEarlyWithoutE2h) {
    el2.HCR_EL2 = kHcrVm;
    EXPECT_EQ(par(S12E1R), kOk12);
    el2.HCR_EL2 = kHcrVm | kHcrE2h;
    EXPECT_EQ(par(S12E1R), kOk12);
    el2.HCR_EL2 = 0;
    EXPECT_EQ(par(S12E1R), kOk);
}

TEST_F(AtOnceWrong, AStage2DeviceWithFwbForgotStage1) {
    el2.HCR_EL2 |= kHcrFwb;
    set_output(kAf | kS2Read | mem_attr(3));  // GRE
    leaf(attr_index(3));                      // nGnRnE
    EXPECT_EQ(par(S12E1R), kOutputPa | 0x900);
    leaf(attr_index(1));  // nGnRE
    EXPECT_EQ(par(S12E1R), 0x0400'0000'0000'0000 | kOutputPa | 0x900);
    leaf(0);
    EXPECT_EQ(par(S12E1R), 0x0c00'0000'0000'0000 | kOutputPa | 0x900);
}

TEST_F(AtOnceWrong, WxnWasAStaleCopy) {
    // Through an overlay that grants execution WXN takes writing away, with the register as it is now.
    regs.TCR2_EL1 = kTcr2Poe;
    regs.POR_EL1 = 0x7;
    EXPECT_EQ(par(S1E1W), kOk);
    regs.SCTLR_EL1 |= kSctlrWxn;
    EXPECT_EQ(par(S1E1W), 0x481fu);
    regs.SCTLR_EL1 &= ~kSctlrWxn;
    EXPECT_EQ(par(S1E1W), kOk);
}

TEST_F(AtOnceWrong, Tcr2EnGatedOverlaysTheWrongWayRound) {
    regs.TCR2_EL1 = kTcr2Poe;
    regs.POR_EL1 = 0;
    el2.HCRX_EL2 = kHcrxTcr2En;
    EXPECT_EQ(par(S1E1R), 0x481fu);
    el2.HCRX_EL2 = 0;
    EXPECT_EQ(par(S1E1R), kOk);
}

TEST_F(AtOnceWrong, OverlaysAndWxnDidNotGoTogether) {
    regs.TCR2_EL1 = kTcr2Poe;
    regs.SCTLR_EL1 |= kSctlrWxn;
    regs.POR_EL1 = 0x5;  // RW: without X in the overlay the page stays writable
    EXPECT_EQ(par(S1E1W), kOk);
    regs.POR_EL1 = 0x7;  // RWX
    EXPECT_EQ(par(S1E1W), 0x481fu);
    EXPECT_EQ(par(S1E1R), kOk);
    leaf(kPxn);  // not executable: nothing to choose between
    EXPECT_EQ(par(S1E1W), kOk);
}

TEST_F(AtOnceWrong, AddressesOf52BitsWereNotWalked) {
    el2.HCR_EL2 = 0;
    const u64 va = (0x3ffull << 42) | 0x1000;
    put((0xfull << 48) | (0x10'0000 + 0x3ff * 8), (0xf << 12) | (9ull << 42) | kBlock | kAf | kInner);
    regs.TCR_EL1 = t0sz(12) | kTg0_64K | kIps52;
    el2.TCR_EL2 = t0sz(12) | kTg0_64K | kPs52;
    regs.TTBR0_EL1 = el2.TTBR0_EL2 = 0x10'0000 | (0xf << 2);
    EXPECT_EQ(par(S1E1R, va), 0xff0f'0000'0000'0000 | (9ull << 42) | 0x1980);
    EXPECT_EQ(par(S1E2R, va), 0xff0f'0000'0000'0000 | (9ull << 42) | 0x1980);
    // The same as stage 2: 1024 entries.
    regs.SCTLR_EL1 = 0;
    el2.HCR_EL2 = kHcrVm | kHcrDc;
    el2.VTCR_EL2 = t0sz(12) | sl0(2) | kTg0_64K | kPs52;
    el2.VTTBR_EL2 = 0x10'0000 | (0xf << 2);
    put((0xfull << 48) | (0x10'0000 + 0x3ff * 8), (0xf << 12) | (9ull << 42) | kBlock | kS2Normal);
    EXPECT_EQ(par(S12E1R, va), 0xff0f'0000'0000'0000 | (9ull << 42) | 0x1980);
}

TEST_F(AtOnceWrong, HaWasTheWrongBitOfTcrEl2AndNeededNoFeature) {
    put(kLeafAt, kPa | kPage | kInner);
    el2.TCR_EL2 |= bit(39);  // HA of TCR_EL1's layout
    EXPECT_EQ(par(S1E2R), 0x817u);
    el2.TCR_EL2 |= bit(21);
    EXPECT_EQ(par(S1E2R), kOk);
    features.haf = features.hdbs = false;
    EXPECT_EQ(par(S1E2R), 0x817u);
    features.haf = features.hdbs = true;
    set_e2h();
    el2.TCR_EL2 |= bit(39);
    EXPECT_EQ(par(S1E2R), kOk);
}

TEST_F(AtOnceWrong, FaultsBeforeTheWalkHaveLevel0) {
    // Linux changed this from level 0 to the start level. The library pseudocode says 0, and so do we.
    el2.TCR_EL2 = t0sz(34) | kPs48;  // the walk would start at level 2
    EXPECT_EQ(par(S1E2R, bit(30)), 0x809u);
    el2.TCR_EL2 = t0sz(60) | kPs48;
    EXPECT_EQ(par(S1E2R, 0), 0x809u);
    regs.TCR_EL1 = t0sz(34) | kEpd0 | kIps48;
    EXPECT_EQ(par(S1E1R, 0), 0x809u);
    regs.TCR_EL1 = t0sz(34) | kE0pd0 | kIps48;
    EXPECT_EQ(par(S1E0R, 0), 0x809u);
}

TEST_F(AtOnceWrong, TheAccessFlagIsInTheByteOrderOfTheTable) {
    // Linux set bit 10 of a big-endian descriptor in the wrong byte. The flag read is bit 10 of the value.
    for (auto& [address, descriptor] : memory) descriptor = __builtin_bswap64(descriptor);
    regs.SCTLR_EL1 |= kSctlrEe;
    el2.SCTLR_EL2 |= kSctlrEe;
    EXPECT_EQ(par(S12E1R), kOk12);
    put(kLeafAt, __builtin_bswap64(kPa | kPage | kInner));
    EXPECT_EQ(par(S12E1R), 0x817u);
    put(kLeafAt, __builtin_bswap64(kPa | kPage | kInner) | kAf);
    EXPECT_EQ(par(S12E1R), 0x817u);
    EXPECT_EQ(par(S1E2R), 0x817u);
}

TEST_F(AtOnceWrong, NothingIsHeldBetweenTheStages) {
    // Linux walked stage 2 without the lock that it needs. Here a walk depends on its arguments only: the
    // same for any interleaving with others.
    const u64 before = par(S12E1R);
    EXPECT_EQ(par(S1E2R), kOk);
    put(kOutputAt, 0);
    EXPECT_EQ(par(S12E1R), 0xa0bu);
    set_output(kS2Normal);
    EXPECT_EQ(par(S12E1R), before);
}

}  // namespace
}  // namespace trapeze::mem
