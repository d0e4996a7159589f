// Stage 2 tables of every granule, start level and number of concatenated first tables (DDI0487
// "Translation table walks", "Concatenated translation tables", "VTCR_EL2").
#include <random>

#include "walk_el2_fixture.h"

namespace trapeze::mem {
namespace {

struct Start {
    const char* name;
    u64 tg0;
    unsigned granule_bits;
    u64 start;  // SL0, SL2
    bool ds;
    int level;
    unsigned least_bits;  // of the input address, with this start level
    unsigned most_bits;   // with 16 concatenated tables
};

// The sizes are those of the manual's tables, not calculated.
constexpr Start kStarts[] = {
    {"4K_3", kTg0_4K, 12, sl0(3), false, 3, 16, 25},
    {"4K_2", kTg0_4K, 12, sl0(0), false, 2, 22, 34},
    {"4K_1", kTg0_4K, 12, sl0(1), false, 1, 31, 43},
    {"4K_0", kTg0_4K, 12, sl0(2), false, 0, 40, 48},
    {"4K_ds_2", kTg0_4K, 12, sl0(0), true, 2, 22, 34},
    {"4K_ds_0", kTg0_4K, 12, sl0(2), true, 0, 40, 52},
    {"4K_ds_minus_1", kTg0_4K, 12, kSl2 | sl0(0), true, -1, 49, 52},
    {"16K_3", kTg0_16K, 14, sl0(0), false, 3, 16, 29},
    {"16K_2", kTg0_16K, 14, sl0(1), false, 2, 26, 40},
    {"16K_1", kTg0_16K, 14, sl0(2), false, 1, 37, 48},
    {"16K_ds_1", kTg0_16K, 14, sl0(2), true, 1, 37, 51},
    {"16K_ds_0", kTg0_16K, 14, sl0(3), true, 0, 48, 52},
    {"64K_3", kTg0_64K, 16, sl0(0), false, 3, 17, 33},
    {"64K_2", kTg0_64K, 16, sl0(1), false, 2, 30, 46},
    {"64K_1", kTg0_64K, 16, sl0(2), false, 1, 43, 52},
};

class WalkStage2Tables : public El2Test, public testing::WithParamInterface<Start> {
protected:
    WalkStage2Tables() { el2.HCR_EL2 = kHcrVm; }

    void set_vtcr(unsigned bits) {
        const Start& s = GetParam();
        el2.VTCR_EL2 = t0sz(64 - bits) | s.tg0 | s.start | kPs52 | (s.ds ? kEl2Ds : 0);
    }
    WalkResult walk_ipa(u64 ipa) {
        reads.clear();
        return walk_stage2(el2, features, kRead, Gpa{ipa}, reader());
    }
    Fault fault_of_ipa(u64 ipa) { return fault_of(walk_ipa(ipa)); }

    // Address bits below the index into a table of `level`.
    static unsigned shift(int level) {
        const unsigned bits = GetParam().granule_bits;
        return bits + (bits - 3) * static_cast<unsigned>(3 - level);
    }

    // Tables for `ipa` down to `leaf_level`; returns the addresses of the descriptors.
    std::vector<u64> map_ipa(u64 ipa, u64 pa, int leaf_level) {
        const u64 table_size = bit(GetParam().granule_bits);
        std::vector<u64> at;
        u64 table = kFirstTable;
        for (int level = GetParam().level; level <= leaf_level; ++level) {
            // The first index is as wide as the input address makes it: concatenated tables are one.
            const u64 index = level == GetParam().level
                                  ? ipa >> shift(level)
                                  : (ipa >> shift(level)) & low_mask(GetParam().granule_bits - 3);
            at.push_back(table + index * 8);
            const u64 next = kNextTables + table_size * static_cast<u64>(level + 1);
            put(at.back(), level < leaf_level ? next | kTable : pa | leaf_kind(level) | kAf | kS2Read);
            table = next;
        }
        return at;
    }
    static u64 leaf_kind(int level) { return level == 3 ? kPage : kBlock; }

    static constexpr u64 kFirstTable = 0x4000'0000;
    static constexpr u64 kNextTables = 0x5000'0000;
};

TEST_P(WalkStage2Tables, EverySizeOfInputAddress) {
    const Start& s = GetParam();
    std::mt19937_64 random(1);
    el2.VTTBR_EL2 = kFirstTable;
    for (unsigned bits = s.least_bits; bits <= s.most_bits; ++bits) {
        set_vtcr(bits);
        // The last address, the first, and some between.
        for (const u64 ipa : {low_mask(bits), u64{0}, random() & low_mask(bits), random() & low_mask(bits)}) {
            const u64 pa = 0x60'0000'0000 & ~low_mask(shift(3));
            const std::vector<u64> at = map_ipa(ipa, pa, 3);
            const WalkResult result = walk_ipa(ipa);
            ASSERT_TRUE(result) << bits << testing::PrintToString(result.error());
            EXPECT_EQ(result->pa.value, pa | (ipa & low_mask(s.granule_bits))) << bits;
            EXPECT_EQ(result->level, 3);
            EXPECT_EQ(result->size, bit(s.granule_bits));
            EXPECT_EQ(reads, at) << bits << " bits, " << std::hex << ipa;
        }
        if (bits == 52) break;
        const Fault beyond = fault_of_ipa(bit(bits));
        EXPECT_EQ(beyond.kind, FaultKind::Translation);
        EXPECT_EQ(beyond.level, 0);
    }
}

TEST_P(WalkStage2Tables, SizesThatDoNotGoWithTheStartLevelFaultAtLevel0) {
    const Start& s = GetParam();
    el2.VTTBR_EL2 = kFirstTable;
    for (const unsigned bits : {s.least_bits - 1, s.most_bits + 1}) {
        set_vtcr(bits);
        const Fault fault = fault_of_ipa(0);
        EXPECT_EQ(fault.kind, FaultKind::Translation) << bits;
        EXPECT_EQ(fault.level, 0);
        EXPECT_TRUE(fault.stage2 && !fault.on_walk);
        EXPECT_TRUE(reads.empty());
    }
}

TEST_P(WalkStage2Tables, BlocksAtEveryLevelThatHasThem) {
    const Start& s = GetParam();
    el2.VTTBR_EL2 = kFirstTable;
    set_vtcr(s.most_bits);
    for (int level = s.level; level < 3; ++level) {
        const bool has_blocks = level == 2 || (s.granule_bits == 12 && level == 1) ||
                                (s.granule_bits == 12 && s.ds && level == 0) ||
                                (s.granule_bits == 14 && s.ds && level == 1) ||
                                (s.granule_bits == 16 && level == 1);
        const u64 ipa = 0x1234'5678 & low_mask(s.most_bits);
        map_ipa(ipa, 0, level);
        const WalkResult result = walk_ipa(ipa);
        ASSERT_EQ(result.has_value(), has_blocks) << level;
        if (result) {
            EXPECT_EQ(result->size, bit(shift(level)));
            EXPECT_EQ(result->pa.value, ipa & low_mask(shift(level)));
        } else {
            EXPECT_EQ(result.error().kind, FaultKind::Translation);
            EXPECT_EQ(result.error().level, level);
        }
    }
}

TEST_P(WalkStage2Tables, TheBaseIsAlignedToAllConcatenatedTables) {
    const Start& s = GetParam();
    set_vtcr(s.most_bits);
    const u64 size = bit(s.most_bits - shift(s.level) + 3);
    el2.VTTBR_EL2 = 0xff00'0000'0000'0001 | kFirstTable | (size / 2 & ~u64{0x3f});  // VMID, CnP
    const std::vector<u64> at = map_ipa(0, 0, 3);
    ASSERT_TRUE(walk_ipa(0));
    EXPECT_EQ(reads, at);
}

TEST_P(WalkStage2Tables, FaultsHaveTheirLevel) {
    const Start& s = GetParam();
    el2.VTTBR_EL2 = kFirstTable;
    set_vtcr(s.least_bits);
    const std::vector<u64> at = map_ipa(0, 0x60'0000'0000, 3);
    for (int level = 3; level >= s.level; --level) {
        const u64 address = at[static_cast<std::size_t>(level - s.level)];
        const u64 was = memory[address];
        put(address, 0);
        EXPECT_EQ(fault_of_ipa(0).kind, FaultKind::Translation);
        EXPECT_EQ(fault_of_ipa(0).level, level);
        memory.erase(address);
        EXPECT_EQ(fault_of_ipa(0).kind, FaultKind::ExternalAbort);
        EXPECT_EQ(fault_of_ipa(0).level, level);
        put(address, was);
    }
}

INSTANTIATE_TEST_SUITE_P(All, WalkStage2Tables, testing::ValuesIn(kStarts),
                         [](const auto& test) { return test.param.name; });

// What does not depend on the start level.

class WalkStage2Checks : public Stage2Test {
protected:
    WalkResult walk_ipa(u64 ipa, Access access = {}) {
        reads.clear();
        return walk_stage2(el2, features, access, Gpa{ipa}, reader());
    }
    Fault fault_of_ipa(u64 ipa, Access access = {}) { return fault_of(walk_ipa(ipa, access)); }
    static constexpr u64 kIpa = 0x8000'0000;
};

TEST_F(WalkStage2Checks, ReservedStartLevels) {
    const auto faults = [&](u64 vtcr) {
        el2.VTCR_EL2 = vtcr | kPs52;
        el2.VTTBR_EL2 = 0x4000'0000;
        const Fault fault = fault_of_ipa(0);
        return fault.kind == FaultKind::Translation && fault.level == 0 && reads.empty();
    };
    // SL2 with SL0 other than 0.
    for (const u64 n : {1u, 2u, 3u}) EXPECT_TRUE(faults(t0sz(14) | kEl2Ds | kSl2 | sl0(n)));
    EXPECT_FALSE(faults(t0sz(14) | kEl2Ds | kSl2));
    // Without DS there is no SL2.
    EXPECT_FALSE(faults(t0sz(40) | kSl2 | sl0(0)));
    EXPECT_TRUE(faults(t0sz(16) | kTg0_16K | sl0(3)));
    EXPECT_FALSE(faults(t0sz(16) | kTg0_16K | kEl2Ds | sl0(3)));
    EXPECT_TRUE(faults(t0sz(22) | kTg0_64K | sl0(3)));
    // Level 3 needs FEAT_TTST.
    EXPECT_FALSE(faults(t0sz(39) | sl0(3)));
    features.ttst = false;
    EXPECT_TRUE(faults(t0sz(39) | sl0(3)));
}

TEST_F(WalkStage2Checks, StartLevelsForMoreThanTheImplementedSize) {
    const auto faults = [&](unsigned pa_bits, u64 vtcr) {
        features.pa_bits = pa_bits;
        el2.VTCR_EL2 = vtcr | kPs52;
        el2.VTTBR_EL2 = 0x4000'0000;
        return fault_of_ipa(0).kind == FaultKind::Translation;
    };
    EXPECT_TRUE(faults(42, t0sz(23) | sl0(2)));
    EXPECT_FALSE(faults(44, t0sz(23) | sl0(2)));
    EXPECT_TRUE(faults(40, t0sz(26) | kTg0_16K | sl0(2)));
    EXPECT_FALSE(faults(42, t0sz(26) | kTg0_16K | sl0(2)));
    EXPECT_TRUE(faults(42, t0sz(21) | kTg0_64K | sl0(2)));
    EXPECT_FALSE(faults(44, t0sz(21) | kTg0_64K | sl0(2)));
    EXPECT_TRUE(faults(48, t0sz(15) | kEl2Ds | kSl2));
}

TEST_F(WalkStage2Checks, T0szIsBoundByTheImplementedSize) {
    features.pa_bits = 40;
    el2.VTCR_EL2 = t0sz(23) | sl0(1) | kPs48;
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(translation(0), kIpa));
    el2.VTCR_EL2 = t0sz(24) | sl0(1) | kPs40;
    set_output(0);
    put(kOutputAt, 0x40'0000'0000 | kBlock | kS2Normal);
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, 0x40'0000'0000u);
}

TEST_F(WalkStage2Checks, OutputSize) {
    el2.VTCR_EL2 = t0sz(25) | sl0(1) | kPs36;
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(address_size(1), kIpa));
    el2.VTTBR_EL2 = bit(36);
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(address_size(0), kIpa));
    el2.VTTBR_EL2 = kStage2Table;
    el2.VTCR_EL2 = t0sz(25) | sl0(1) | (7 << 16);  // PS reserved: the largest
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
}

TEST_F(WalkStage2Checks, AbsentGranulesAreTheSmallestPresent) {
    features.s2_gran16k = false;
    el2.VTCR_EL2 = t0sz(25) | sl0(1) | kTg0_16K | kPs48;
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
    el2.VTCR_EL2 = t0sz(25) | sl0(1) | (3 << 14) | kPs48;  // reserved
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
    // Stage 2 has its own set.
    features.gran4k = false;
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
}

TEST_F(WalkStage2Checks, AddressesOf52Bits) {
    // OA[49:48] in place, OA[51:50] in bits [9:8]; VTTBR_EL2's bits [5:2] are address bits [51:48].
    constexpr u64 kHigh = 0b1001ull << 48;
    constexpr u64 kHighBits = bit(48) | (0b10 << 8);
    constexpr u64 kLeaf = kAf | kS2Read | mem_attr(15);
    el2.VTCR_EL2 = t0sz(25) | sl0(1) | kEl2Ds | kPs52;
    el2.VTTBR_EL2 = kStage2Table | (0b1001 << 2);
    put(kHigh | kOutputAt, 0x50'0000 | kHighBits | kTable);
    put(kHigh | 0x50'0000, 0x4020'0000 | kHighBits | kBlock | kLeaf);
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kHigh | 0x4020'0000);
    EXPECT_THAT(reads, testing::ElementsAre(kHigh | kOutputAt, kHigh | 0x50'0000));
    features.s2_lpa2_4k = false;  // DS is RES0; stage 1 has it still
    set_output(kS2Normal);
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
    // 64KB: OA[51:48] in bits [15:12].
    el2.VTCR_EL2 = t0sz(22) | sl0(1) | kTg0_64K | kPs52;
    put(kHigh | (kStage2Table + 4 * 8), 0x6000'0000 | (0b0101 << 12) | kBlock | kLeaf);
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, (0b0101ull << 48) | 0x6000'0000);
    el2.VTCR_EL2 = t0sz(22) | sl0(1) | kTg0_64K | kPs48;
    put(kStage2Table + 4 * 8, 0x6000'0000 | (0b0101 << 12) | kBlock | kLeaf);
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(address_size(2), kIpa));
}

TEST_F(WalkStage2Checks, TheByteOrderIsSctlrEl2s) {
    for (auto& [address, descriptor] : memory) descriptor = __builtin_bswap64(descriptor);
    EXPECT_FALSE(walk_ipa(kIpa));
    el2.SCTLR_EL2 = kSctlrEe;
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
}

TEST_F(WalkStage2Checks, AccessFlag) {
    set_output(kS2Normal & ~kAf);
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(access_flag(1), kIpa));
    el2.VTCR_EL2 |= kEl2Ha;
    EXPECT_TRUE(walk_ipa(kIpa)->sets_access_flag);
    features.haf = features.hdbs = false;
    EXPECT_EQ(fault_of_ipa(kIpa), at_stage2(access_flag(1), kIpa));
}

TEST_F(WalkStage2Checks, OffIsIdentity) {
    el2.HCR_EL2 = 0;
    const WalkResult result = walk_ipa(kIpa | 5);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->flat);
    EXPECT_EQ(result->pa.value, kIpa | 5);
    EXPECT_EQ(fault_of_ipa(bit(52)), address_size(0));
    el2.HCR_EL2 = kHcrVm | kHcrE2h | kHcrTge;  // a host has no stage 2
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kIpa);
    el2.HCR_EL2 = kHcrDc;
    EXPECT_EQ(walk_ipa(kIpa)->pa.value, kOutput);
}

TEST_F(WalkStage2Checks, Permissions) {
    const auto rights = [&](u64 attributes) {
        set_output(kAf | mem_attr(15) | attributes);
        return rights_text(walk_ipa(kIpa, {.kind = AccessKind::Any})->permissions);
    };
    EXPECT_EQ(rights(0), "--x/--x");
    EXPECT_EQ(rights(kS2Read), "r-x/r-x");
    EXPECT_EQ(rights(kS2Write), "-wx/-wx");
    EXPECT_EQ(rights(kS2Read | kS2Write), "rwx/rwx");
    // XN[1:0].
    EXPECT_EQ(rights(kS2Read | kXn0), "r--/r-x");
    EXPECT_EQ(rights(kS2Read | kXn1), "r--/r--");
    EXPECT_EQ(rights(kS2Read | kXn1 | kXn0), "r-x/r--");
    features.xnx = false;  // XN[0] is RES0
    EXPECT_EQ(rights(kS2Read | kXn0), "r-x/r-x");
    EXPECT_EQ(rights(kS2Read | kXn1 | kXn0), "r--/r--");
    // Writable-clean.
    EXPECT_EQ(rights(kS2Read | kDbm), "r-x/r-x");
    el2.VTCR_EL2 |= kEl2Ha | kEl2Hd;
    EXPECT_EQ(rights(kS2Read | kDbm), "rwx/rwx");
    features.hdbs = false;
    EXPECT_EQ(rights(kS2Read | kDbm), "r-x/r-x");
}

TEST_F(WalkStage2Checks, PermissionFaults) {
    set_output(kAf | mem_attr(15) | kS2Read | kXn1);
    EXPECT_TRUE(walk_ipa(kIpa, kRead) && walk_ipa(kIpa, kEl0Read));
    EXPECT_EQ(fault_of_ipa(kIpa, kWrite), at_stage2(permission(1), kIpa));
    EXPECT_EQ(fault_of_ipa(kIpa, kEl0Fetch), at_stage2(permission(1), kIpa));
    set_output(kAf | mem_attr(15) | kS2Write | kXn0);
    EXPECT_EQ(fault_of_ipa(kIpa, kRead), at_stage2(permission(1), kIpa));
    EXPECT_EQ(fault_of_ipa(kIpa, kFetch), at_stage2(permission(1), kIpa));
    EXPECT_TRUE(walk_ipa(kIpa, kEl0Fetch) && walk_ipa(kIpa, kWrite));
}

}  // namespace
}  // namespace trapeze::mem
