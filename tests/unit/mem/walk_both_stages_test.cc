// Stage 1 on top of stage 2: tables read through stage 2, faults of either, and what both agree on (DDI0487
// "The effects of HCR_EL2 on stage 1", "MMU faults in two stages").
#include "walk_el2_fixture.h"

namespace trapeze::mem {
namespace {

using testing::ElementsAre;

class WalkBothStages : public Stage2Test {
protected:
    WalkResult both(u64 va, Access access = {}) { return walk_in(Regime::El10, va, access); }
    WalkResult stage1(u64 va, Access access = {}) { return walk_in(Regime::El10, va, access, Stages::One); }
    Fault fault(u64 va, Access access = {}) { return fault_of(both(va, access)); }
};

TEST_F(WalkBothStages, EveryDescriptorIsReadThroughStage2) {
    // Stage 1's tables are elsewhere in memory than they are for stage 1.
    const std::map<u64, u64> tables(memory.begin(), memory.lower_bound(kStage2Table));
    for (const auto& [address, descriptor] : tables) {
        memory.erase(address);
        put(0x4000'0000 | address, descriptor);
    }
    set_tables(0x4000'0000 | kS2Normal);
    const WalkResult result = both(kVa | 0xabc);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, kOutputPa | 0xabc);
    EXPECT_THAT(reads, ElementsAre(kStage2Table, 0x4000'1008, kStage2Table, 0x4000'2010, kStage2Table,
                                   0x4000'3018, kStage2Table, 0x4000'4020, kOutputAt));
    EXPECT_EQ(result->descriptor_address.value, kLeafAt) << "as stage 1 sees it";
    EXPECT_EQ(result->level, 3);
    EXPECT_EQ(result->size, 0x1000u) << "the smaller";
    EXPECT_FALSE(result->flat);
    // AT S1E1R stops at the intermediate physical address.
    const WalkResult one = stage1(kVa | 0xabc);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->pa.value, kPa | 0xabc);
    EXPECT_EQ(reads.size(), 8u);
}

TEST_F(WalkBothStages, TheSmallerSizeIsTheResults) {
    put(0x2010, 0x8000'0000 | kBlock | kAf);  // 1GB at stage 1, 1GB at stage 2
    EXPECT_EQ(both(kVa)->size, 1ull << 30);
    put(kOutputAt, 0x50'0000 | kTable);
    for (u64 i = 0; i < 512; ++i) put(0x50'0000 + i * 8, i << 21 | kBlock | kS2Normal);
    EXPECT_EQ(both(kVa)->size, 2ull << 20);
    EXPECT_EQ(both(kVa)->level, 1) << "stage 1's";
}

TEST_F(WalkBothStages, WithStage1OffTheAddressIsTheIntermediateOne) {
    regs.SCTLR_EL1 = 0;
    const WalkResult result = both(kPa | 5);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, kOutputPa | 5);
    EXPECT_FALSE(result->flat);
    EXPECT_EQ(result->level, 1);
    EXPECT_EQ(result->size, 1ull << 30);
    EXPECT_EQ(result->descriptor_address.value, kOutputAt);
    EXPECT_EQ(result->attributes.attr, 0);
    el2.HCR_EL2 |= kHcrDc;
    EXPECT_EQ(both(kPa)->attributes,
              (MemoryAttributes{.attr = 0xff, .shareability = Shareability::InnerShareable}));
    EXPECT_EQ(fault_of(both(bit(39))), at_stage2(translation(0), bit(39)));
    EXPECT_EQ(fault_of(both(bit(52))), address_size(0)) << "stage 1's";
}

TEST_F(WalkBothStages, PermissionsAreThoseOfBoth) {
    const auto rights = [&](u64 stage1_attributes, u64 stage2_attributes) {
        put(kLeafAt, kPa | kPage | kAf | stage1_attributes);
        set_output(kAf | mem_attr(15) | stage2_attributes);
        return rights_in(Regime::El10, kVa);
    };
    EXPECT_EQ(rights(kAp1, kS2Read | kS2Write), "rw-/rwx");
    EXPECT_EQ(rights(kAp1, kS2Read), "r--/r-x");
    EXPECT_EQ(rights(0, kS2Read | kS2Write | kXn0), "rw-/--x");
    EXPECT_EQ(rights(kAp2, kS2Write), "--x/--x");
}

TEST_F(WalkBothStages, Stage1FaultsComeFirst) {
    set_output(0);
    put(kLeafAt, kPa | kPage);
    EXPECT_EQ(fault(kVa), access_flag(3));
    put(kLeafAt, kPa | kPage | kAf | kAp2);
    EXPECT_EQ(fault(kVa, kWrite), permission(3));
    put(kLeafAt, 0);
    EXPECT_EQ(fault(kVa), translation(3));
}

TEST_F(WalkBothStages, Stage2FaultsOfTheOutput) {
    put(kOutputAt, 0);
    EXPECT_EQ(fault(kVa | 0x123), at_stage2(translation(1), kPa | 0x123));
    EXPECT_TRUE(stage1(kVa));
    set_output(kS2Normal & ~kS2Write);
    EXPECT_EQ(fault(kVa, kWrite), at_stage2(permission(1), kPa));
    EXPECT_TRUE(both(kVa));
    memory.erase(kOutputAt);
    EXPECT_EQ(fault(kVa), at_stage2(external_abort(1), kPa));
}

TEST_F(WalkBothStages, Stage2FaultsOnTheWalkHaveStage2sLevel) {
    put(kStage2Table, 0);
    // The first descriptor of stage 1, at level 0, not found at level 1 of stage 2.
    EXPECT_EQ(fault(kVa), on_walk(translation(1), 0x1008));
    EXPECT_EQ(fault_of(stage1(kVa)), on_walk(translation(1), 0x1008));
    set_tables(kS2Normal & ~kAf);
    EXPECT_EQ(fault(kVa), on_walk(access_flag(1), 0x1008));
    set_tables(kS2Normal & ~kS2Read);
    EXPECT_EQ(fault(kVa), on_walk(permission(1), 0x1008));
    memory.erase(kStage2Table);
    EXPECT_EQ(fault(kVa), on_walk(external_abort(1), 0x1008));
    set_tables(kS2Normal);
    put(0x2010, bit(40) | kTable);
    EXPECT_EQ(fault(kVa), on_walk(translation(0), bit(40) | 0x18)) << "beyond VTCR_EL2.T0SZ";
    memory.erase(0x2010);
    EXPECT_EQ(fault(kVa), external_abort(1)) << "stage 1's own, after stage 2 succeeded";
}

TEST_F(WalkBothStages, PtwProtectsDevicesFromWalks) {
    for (const u64 device : {0u, 1u, 2u, 3u}) {
        set_tables(kAf | kS2Read | mem_attr(device));
        EXPECT_TRUE(both(kVa));
        el2.HCR_EL2 = kHcrVm | kHcrPtw;
        EXPECT_EQ(fault(kVa), on_walk(permission(1), 0x1008));
        el2.HCR_EL2 = kHcrVm;
    }
    el2.HCR_EL2 = kHcrVm | kHcrPtw;
    set_tables(kS2Normal);
    set_output(kAf | kS2Read | mem_attr(0));
    EXPECT_TRUE(both(kVa)) << "the output may be a device";
    // With FWB bit 2 tells.
    el2.HCR_EL2 = kHcrVm | kHcrPtw | kHcrFwb;
    set_output(kAf | kS2Read | mem_attr(7));
    set_tables(kAf | kS2Read | mem_attr(0b1001));
    EXPECT_EQ(fault(kVa), on_walk(permission(1), 0x1008));
    set_tables(kAf | kS2Read | mem_attr(0b0101));
    EXPECT_TRUE(both(kVa));
}

TEST_F(WalkBothStages, SettingStage1sAccessFlagNeedsStage2ToPermitWrites) {
    put(kLeafAt, kPa | kPage);
    regs.TCR_EL1 |= kHa;
    ASSERT_TRUE(both(kVa));
    EXPECT_TRUE(both(kVa)->sets_access_flag);
    set_tables(kS2Normal & ~kS2Write);
    EXPECT_EQ(fault(kVa), on_walk(permission(1), kLeafAt));
    EXPECT_EQ(fault_of(stage1(kVa)), on_walk(permission(1), kLeafAt));
    put(kLeafAt, kPa | kPage | kAf);
    EXPECT_TRUE(both(kVa)) << "nothing to set";
    put(kLeafAt, kPa | kPage);
    el2.VTCR_EL2 |= kEl2Ha | kEl2Hd;
    set_tables((kS2Normal & ~kS2Write) | kDbm);
    EXPECT_TRUE(both(kVa));
    // Only where the descriptor is: tables above it may be read-only.
    set_tables(kS2Normal & ~kS2Write);
    put(kStage2Table + 8, 0x4000'0000 | kBlock | kS2Normal);
    put(0x3018, 0x4000'0000 | kTable);
    put(0x4000'0020, kPa | kPage);
    EXPECT_TRUE(both(kVa));
}

TEST_F(WalkBothStages, OtherRegimesHaveNoStage2) {
    el2.TTBR0_EL2 = regs.TTBR0_EL1;
    put(kStage2Table, 0);
    EXPECT_EQ(pa_in(Regime::El2, kVa), kPa);
    set_e2h();
    EXPECT_EQ(pa_in(Regime::El20, kVa), kPa);
    features.el2 = false;
    EXPECT_EQ(pa_in(Regime::El10, kVa), kPa);
}

TEST_F(WalkBothStages, DebuggersSeeThroughBothStages) {
    put(kLeafAt, kPa | kPage);
    set_tables(mem_attr(0));
    set_output(mem_attr(0));
    el2.HCR_EL2 |= kHcrPtw;
    const auto result = translate_for_debug(all(), features, Regime::El10, Gva{kVa | 7}, reader());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, kOutputPa | 7);
    put(kOutputAt, 0);
    EXPECT_EQ(fault_of(translate_for_debug(all(), features, Regime::El10, Gva{kVa}, reader())),
              at_stage2(translation(1), kPa));
}

TEST_F(WalkBothStages, TheLongestWalkReadsAsOftenAsTheBoundSays) {
    regs.TCR_EL1 = t0sz(12) | kDs | kIps52;
    el2.VTCR_EL2 = t0sz(12) | kSl2 | kEl2Ds | kPs52;
    el2.VTTBR_EL2 = 0x4000'0000;
    regs.TTBR0_EL1 = 0x4000'0000;
    int count = 0;
    // Every descriptor of every level of both stages.
    const auto result =
        mem::walk(all(), features, Regime::El10, Stages::Both, kRead, Gva{0}, [&](Gpa) -> std::optional<u64> {
            ++count;
            return 0x4000'0000 | kTable | kAf | kS2Read;
        });
    EXPECT_TRUE(result);
    EXPECT_EQ(count, kMostReads);
    EXPECT_EQ(kMostReads, 35);
}

}  // namespace
}  // namespace trapeze::mem
