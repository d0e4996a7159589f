// What whoever lists an address space needs: which addresses there are, and how far a fault reaches.
#include "walk_el2_fixture.h"

namespace trapeze::mem {

inline void PrintTo(const GvaRange& r, std::ostream* out) {
    *out << std::hex << r.first.value << "-" << r.last.value;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

GvaRange range(u64 first, u64 last) {
    return {.first = Gva{first}, .last = Gva{last}};
}

class WalkRanges : public Stage2Test {
protected:
    WalkRanges() { el2.HCR_EL2 = 0; }

    std::vector<GvaRange> ranges(Regime regime = Regime::El10) {
        return address_ranges(all(), features, regime);
    }
    u64 fault_size(u64 va, Access access = {}, Regime regime = Regime::El10) {
        const WalkResult result = walk_in(regime, va, access);
        EXPECT_FALSE(result.has_value());
        return result ? 0 : result.error().size;
    }
};

TEST_F(WalkRanges, EachTtbrHasOne) {
    regs.TCR_EL1 = t0sz(25) | t1sz(16) | kTg0_4K | kTg1_4K | kIps48;
    EXPECT_THAT(ranges(), ElementsAre(range(0, 0x7f'ffff'ffff), range(0xffff'0000'0000'0000, ~u64{0})));
}

TEST_F(WalkRanges, OfAddressesOf52Bits) {
    regs.TCR_EL1 = t0sz(12) | t1sz(12) | kTg0_64K | kTg1_64K | kIps48;
    EXPECT_THAT(ranges(), ElementsAre(range(0, low_mask(52)), range(0xfff0'0000'0000'0000, ~u64{0})));
}

TEST_F(WalkRanges, WhatFaultsForEveryAddressIsNone) {
    regs.TCR_EL1 |= kEpd0;
    EXPECT_THAT(ranges(), ElementsAre(range(0xffff'0000'0000'0000, ~u64{0})));
    regs.TCR_EL1 = t0sz(16) | t1sz(60) | kTg0_4K | kTg1_4K | kIps48;
    EXPECT_THAT(ranges(), ElementsAre(range(0, low_mask(48))));
    regs.TCR_EL1 |= kEpd0;
    EXPECT_THAT(ranges(), IsEmpty());
}

TEST_F(WalkRanges, WithStage1OffThatOfPhysicalAddresses) {
    features.pa_bits = 40;
    regs.SCTLR_EL1 = 0;
    EXPECT_THAT(ranges(), ElementsAre(range(0, low_mask(40))));
}

TEST_F(WalkRanges, El2HasOneAndEl20Two) {
    el2.TCR_EL2 = t0sz(20) | kTg0_4K | kPs48;
    EXPECT_THAT(ranges(Regime::El2), ElementsAre(range(0, low_mask(44))));
    set_e2h();
    EXPECT_THAT(ranges(Regime::El20),
                ElementsAre(range(0, low_mask(48)), range(0xffff'0000'0000'0000, ~u64{0})));
}

TEST_F(WalkRanges, AnInvalidDescriptorFaultsForAllThatItWouldMap) {
    put(kLeafAt, 0);
    EXPECT_EQ(fault_size(kVa), 4096u);
    put(0x3000 + 3 * 8, 0);
    EXPECT_EQ(fault_size(kVa), bit(21));
    put(0x2000 + 2 * 8, 0);
    EXPECT_EQ(fault_size(kVa), bit(30));
    put(0x1000 + 1 * 8, 0);
    EXPECT_EQ(fault_size(kVa), bit(39));
}

TEST_F(WalkRanges, OtherGranulesHaveOtherSizes) {
    regs.TTBR0_EL1 = 0x10'0000;
    put(0x10'0000, 0x20'0000 | kTable);
    put(0x20'0000, 0);
    regs.TCR_EL1 = t0sz(25) | kTg0_16K | kIps48;
    EXPECT_EQ(fault_size(0), bit(25));
    regs.TCR_EL1 = t0sz(25) | kTg0_64K | kIps48;
    EXPECT_EQ(fault_size(0), bit(16));
}

TEST_F(WalkRanges, EveryFaultOfADescriptorHasItsSize) {
    memory.erase(0x3000 + 3 * 8);
    EXPECT_EQ(fault_size(kVa), bit(21)) << "external abort";
    put(0x3000 + 3 * 8, kPa | kBlock);
    EXPECT_EQ(fault_size(kVa), bit(21)) << "Access flag";
    put(0x3000 + 3 * 8, kPa | kBlock | kAf | kAp2);
    EXPECT_EQ(fault_size(kVa, kWrite), bit(21)) << "permission";
    features.pa_bits = 32;
    put(0x3000 + 3 * 8, bit(40) | kBlock | kAf);
    EXPECT_EQ(fault_size(kVa), bit(21)) << "address size of a block";
    put(0x3000 + 3 * 8, bit(40) | kTable);
    EXPECT_EQ(fault_size(kVa), bit(21)) << "address size of a table";
    regs.TTBR0_EL1 = bit(40);
    EXPECT_EQ(fault_size(kVa), bit(48)) << "address size of the first table";
}

// A block of 512GB, of which the output address size leaves 4GB.
TEST_F(WalkRanges, ABlockThatIsInRangeInPartHasThatSize) {
    regs.TCR_EL1 = t0sz(16) | kTg0_4K | kIps32 | kDs;
    regs.TTBR0_EL1 = 0x1000;
    put(0x1000, kBlock | kAf);
    const WalkResult result = walk_in(Regime::El10, 0x1234);
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->size, bit(32));
    EXPECT_EQ(fault_in(Regime::El10, bit(32)), address_size(0));
    EXPECT_EQ(fault_size(bit(32)), bit(32));
}

TEST_F(WalkRanges, FaultsWithoutADescriptorHaveNoSize) {
    EXPECT_EQ(fault_size(bit(50)), 0u);
    regs.TCR_EL1 |= kEpd0;
    EXPECT_EQ(fault_size(kVa), 0u);
    regs.SCTLR_EL1 = 0;
    EXPECT_EQ(fault_size(bit(54)), 0u);
}

TEST_F(WalkRanges, AFaultOfStage2IsAsLargeAsBothDescriptorsAllow) {
    el2.HCR_EL2 = kHcrVm;
    set_output(0);
    EXPECT_EQ(fault_size(kVa), 4096u) << "a page of stage 1";
    map(kPa | kPage | kAf | kInner);
    put(0x3000 + 3 * 8, (kPa & ~low_mask(21)) | kBlock | kAf | kInner);
    EXPECT_EQ(fault_size(kVa), bit(21)) << "a block of stage 1";
    regs.SCTLR_EL1 = 0;
    EXPECT_EQ(fault_size(kPa), bit(30)) << "of stage 2 alone";
    EXPECT_EQ(fault_size(bit(45)), bit(39)) << "beyond the input addresses of stage 2, as its whole size";
}

TEST_F(WalkRanges, AFaultOfStage2OnTheWalkIsThatOfTheDescriptorOfStage1) {
    el2.HCR_EL2 = kHcrVm;
    put(0x2000 + 2 * 8, 0x41'0000'0000 | kTable);
    put(kStage2Table + 0x104 * 8, 0);
    const WalkResult result = walk_in(Regime::El10, kVa);
    ASSERT_FALSE(result.has_value());
    EXPECT_TRUE(result.error().on_walk);
    EXPECT_EQ(result.error().size, bit(21));
    el2.VTCR_EL2 = t0sz(63) | sl0(1) | kTg0_4K | kPs48;
    EXPECT_EQ(fault_size(kVa), bit(39)) << "no stage 2 that could be walked";
}

}  // namespace
}  // namespace trapeze::mem
