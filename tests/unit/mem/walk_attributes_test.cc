// Memory types and shareability (DDI0487 "Memory region attributes", "MAIR_EL1", "SCTLR_EL1").
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

class WalkAttributes : public WalkTest {
protected:
    MemoryAttributes of(u64 attributes, Access access = {}) {
        map_page(kPa | kPage | kAf | attributes);
        const WalkResult result = walk(kVa, access);
        EXPECT_TRUE(result) << testing::PrintToString(result.error());
        return result ? result->attributes : MemoryAttributes{};
    }
    static constexpr auto kNsh = Shareability::NonShareable;
    static constexpr auto kOsh = Shareability::OuterShareable;
    static constexpr auto kIsh = Shareability::InnerShareable;
};

TEST_F(WalkAttributes, AttrIndxSelectsAByteOfMair) {
    regs.MAIR_EL1 = 0xf7f6'f5f4'f3f2'f1f0;
    for (u64 n = 0; n < 8; ++n) EXPECT_EQ(of(attr_index(n)).attr, 0xf0 + n);
}

TEST_F(WalkAttributes, Mair2WithAie) {
    regs.MAIR_EL1 = 0xffff'ffff'ffff'ffff;
    regs.MAIR2_EL1 = 0xe7e6'e5e4'e3e2'e1e0;
    EXPECT_EQ(of(attr_index(5) | bit(59)).attr, 0xff);
    regs.TCR2_EL1 = kTcr2Aie;
    EXPECT_EQ(of(attr_index(5) | bit(59)).attr, 0xe5);
    EXPECT_EQ(of(attr_index(5)).attr, 0xff);
    features.aie = false;
    EXPECT_EQ(of(attr_index(5) | bit(59)).attr, 0xff);
    features.aie = true;
    features.tcr2 = false;
    EXPECT_EQ(of(attr_index(5) | bit(59)).attr, 0xff);
}

TEST_F(WalkAttributes, ShareabilityOfCacheableMemoryIsTheDescriptors) {
    EXPECT_EQ(of(kInner).shareability, kIsh);
    EXPECT_EQ(of(kOuter).shareability, kOsh);
    EXPECT_EQ(of(0).shareability, kNsh);
    EXPECT_EQ(of(0b01 << 8).shareability, kNsh);  // reserved
}

TEST_F(WalkAttributes, DeviceAndNonCacheableAreOuterShareable) {
    for (const u64 index : {1u, 2u, 3u}) {
        EXPECT_EQ(of(attr_index(index)).shareability, kOsh) << index;
        EXPECT_EQ(of(attr_index(index) | kInner).shareability, kOsh) << index;
    }
    EXPECT_TRUE(of(attr_index(1)).is_device());
    EXPECT_FALSE(of(attr_index(2)).is_device());
    regs.MAIR_EL1 = 0x4f;  // Inner Write-Back, Outer Non-cacheable: cacheable
    EXPECT_EQ(of(kInner).shareability, kIsh);
    regs.MAIR_EL1 = 0x40;  // Non-cacheable, XS = 0
    EXPECT_EQ(of(kInner).shareability, kOsh);
}

TEST_F(WalkAttributes, WithDsShareabilityIsTcrs) {
    regs.TCR_EL1 = t0sz(16) | kDs | kIps52 | (0b11 << 12);
    EXPECT_EQ(of(kOuter).shareability, kIsh) << "bits [9:8] are address bits";
    EXPECT_EQ(of(attr_index(1)).shareability, kOsh);
    regs.TCR_EL1 = t0sz(16) | kDs | kIps52 | (0b10 << 12);
    EXPECT_EQ(of(kInner).shareability, kOsh);
    regs.TCR_EL1 = t0sz(16) | kDs | kIps52 | (0b11ull << 28);  // SH1 is the other half's
    EXPECT_EQ(of(kInner).shareability, kNsh);
}

TEST_F(WalkAttributes, SctlrCOffMakesNormalMemoryNonCacheable) {
    regs.SCTLR_EL1 &= ~kSctlrC;
    EXPECT_EQ(of(kInner), (MemoryAttributes{.attr = 0x44, .shareability = kOsh}));
    EXPECT_EQ(of(attr_index(4) | kInner), (MemoryAttributes{.attr = 0x44, .shareability = kOsh}));
    EXPECT_EQ(of(attr_index(1)), (MemoryAttributes{.attr = 0x04, .shareability = kOsh}));
    EXPECT_EQ(of(kInner, kFetch).attr, 0xff) << "C is not about fetches";
}

TEST_F(WalkAttributes, Fetches) {
    EXPECT_EQ(of(kInner, kFetch), (MemoryAttributes{.attr = 0xff, .shareability = kIsh}));
    EXPECT_EQ(of(attr_index(1), kFetch), (MemoryAttributes{.attr = 0x44, .shareability = kOsh}));
    regs.SCTLR_EL1 &= ~kSctlrI;
    EXPECT_EQ(of(kInner, kFetch), (MemoryAttributes{.attr = 0x44, .shareability = kOsh}));
    EXPECT_EQ(of(kInner).attr, 0xff);
}

TEST_F(WalkAttributes, Global) {
    map_page(kPa | kPage | kAf | kNg);
    EXPECT_FALSE(walk(kVa)->global);
    map_page(kPa | kPage | kAf);
    EXPECT_TRUE(walk(kVa)->global);
}

}  // namespace
}  // namespace trapeze::mem
