// ID registers to features (DDI0487 "ID_AA64MMFR0_EL1" and following).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "trapeze/mem/walker_registers.h"

namespace trapeze::mem {
namespace {

MmuFeatures mmfr0(u64 value) {
    return MmuFeatures::from({.ID_AA64MMFR0_EL1 = value});
}

TEST(MmuFeaturesTest, PaRange) {
    const unsigned expected[] = {32, 36, 40, 42, 44, 48, 52, 52, 52};
    for (u64 n = 0; n < 9; ++n) EXPECT_EQ(mmfr0(n).pa_bits, expected[n]) << n;
    EXPECT_EQ(mmfr0(15).pa_bits, 52u);
}

TEST(MmuFeaturesTest, Granules) {
    // TGran4 [31:28] and TGran64 [27:24] are signed, TGran16 [23:20] is not.
    const MmuFeatures zero = mmfr0(0);
    EXPECT_TRUE(zero.gran4k && zero.gran64k && !zero.gran16k && !zero.lpa2_4k && !zero.lpa2_16k);
    const MmuFeatures none = mmfr0(0xff00'0000);
    EXPECT_TRUE(!none.gran4k && !none.gran16k && !none.gran64k && !none.lpa2_4k);
    const MmuFeatures lpa2 = mmfr0(0x1020'0000);
    EXPECT_TRUE(lpa2.gran4k && lpa2.gran16k && lpa2.lpa2_4k && lpa2.lpa2_16k);
    const MmuFeatures plain16k = mmfr0(0x0010'0000);
    EXPECT_TRUE(plain16k.gran16k && !plain16k.lpa2_16k);
}

TEST(MmuFeaturesTest, OneFieldAtATime) {
    EXPECT_TRUE(mmfr0(0x100).mixed_endian);
    const auto mmfr1 = [](u64 v) { return MmuFeatures::from({.ID_AA64MMFR1_EL1 = v}); };
    EXPECT_TRUE(mmfr1(1).haf && !mmfr1(1).hdbs && mmfr1(2).haf && mmfr1(2).hdbs && !mmfr1(0).haf);
    EXPECT_TRUE(mmfr1(0x1000).hpds && !mmfr1(0x0fff).hpds);
    EXPECT_TRUE(mmfr1(0x20'0000).pan && !mmfr1(0x20'0000).pan3 && mmfr1(0x30'0000).pan3);
    const auto mmfr2 = [](u64 v) { return MmuFeatures::from({.ID_AA64MMFR2_EL1 = v}); };
    EXPECT_TRUE(mmfr2(0x1'0000).lva && !mmfr2(0).lva);
    EXPECT_TRUE(mmfr2(0x1000'0000).ttst && !mmfr2(0).ttst);
    EXPECT_TRUE(mmfr2(1ull << 60).e0pd && !mmfr2(0).e0pd);
    const auto mmfr3 = [](u64 v) { return MmuFeatures::from({.ID_AA64MMFR3_EL1 = v}); };
    EXPECT_TRUE(mmfr3(1).tcr2 && !mmfr3(1).s1pie);
    EXPECT_TRUE(mmfr3(0x100).s1pie && !mmfr3(0x100).tcr2);
    EXPECT_TRUE(mmfr3(0x1'0000).s1poe);
    EXPECT_TRUE(mmfr3(0x100'0000).aie);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64ISAR1_EL1 = 0x10}).pauth);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64ISAR1_EL1 = 0x100}).pauth);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64ISAR2_EL1 = 0x1000}).pauth);
    EXPECT_FALSE(MmuFeatures::from({}).pauth);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64PFR1_EL1 = 1ull << 52}).mtx);
}

TEST(MmuFeaturesTest, El2) {
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64PFR0_EL1 = 0x100}).el2);
    EXPECT_FALSE(MmuFeatures::from({.ID_AA64PFR0_EL1 = 0xffff'ffff'ffff'f0ff}).el2);
    const auto mmfr1 = [](u64 v) { return MmuFeatures::from({.ID_AA64MMFR1_EL1 = v}); };
    EXPECT_TRUE(mmfr1(0x100).vhe && !mmfr1(0x100).hcx);
    EXPECT_TRUE(mmfr1(1ull << 28).xnx && mmfr1(1ull << 40).hcx && !mmfr1(1ull << 40).vhe);
    EXPECT_TRUE(!mmfr1(0x10'0000).pan2 && mmfr1(0x20'0000).pan2);
    const auto mmfr2 = [](u64 v) { return MmuFeatures::from({.ID_AA64MMFR2_EL1 = v}); };
    EXPECT_TRUE(mmfr2(1ull << 24).nv && mmfr2(1ull << 40).fwb && !mmfr2(1ull << 40).nv);
    EXPECT_TRUE(MmuFeatures::from({}).e2h0);
    EXPECT_FALSE(MmuFeatures::from({.ID_AA64MMFR4_EL1 = 0xfull << 24}).e2h0);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64ISAR1_EL1 = 1ull << 56}).xs);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64ISAR2_EL1 = 1ull << 60}).ats1a);
    EXPECT_FALSE(MmuFeatures::from({.ID_AA64PFR1_EL1 = 0x100}).mte2);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64PFR1_EL1 = 0x200}).mte2);
    EXPECT_TRUE(MmuFeatures::from({.ID_AA64PFR2_EL1 = 1}).mte_perm);
}

TEST(MmuFeaturesTest, GranulesOfStage2) {
    // TGran4_2 [43:40], TGran64_2 [39:36], TGran16_2 [35:32]; 0 means as at stage 1.
    const MmuFeatures same = mmfr0(0x1f00'0000);
    EXPECT_TRUE(same.s2_gran4k && same.s2_lpa2_4k && !same.s2_gran16k && !same.s2_gran64k);
    const MmuFeatures none = mmfr0(0x111'1020'0000);
    EXPECT_TRUE(!none.s2_gran4k && !none.s2_gran16k && !none.s2_gran64k && !none.s2_lpa2_4k);
    const MmuFeatures plain = mmfr0(0x222'1020'0000);
    EXPECT_TRUE(plain.s2_gran4k && plain.s2_gran16k && plain.s2_gran64k);
    EXPECT_TRUE(!plain.s2_lpa2_4k && !plain.s2_lpa2_16k);
    const MmuFeatures lpa2 = mmfr0(0x303'0000'0000);
    EXPECT_TRUE(lpa2.s2_gran4k && lpa2.s2_gran16k && lpa2.s2_lpa2_4k && lpa2.s2_lpa2_16k);
}

// The register values of real CPUs.
TEST(MmuFeaturesTest, CortexA57AndA76) {
    const MmuFeatures a57 = mmfr0(0x1124);
    EXPECT_EQ(a57.pa_bits, 44u);
    EXPECT_TRUE(a57.gran4k && !a57.gran16k && a57.gran64k && a57.mixed_endian);
    EXPECT_TRUE(!a57.haf && !a57.hpds && !a57.pan && !a57.ttst && !a57.lva);
    const MmuFeatures a76 = MmuFeatures::from(
        {.ID_AA64MMFR0_EL1 = 0x10'1122, .ID_AA64MMFR1_EL1 = 0x1021'2122, .ID_AA64MMFR2_EL1 = 0x1011});
    EXPECT_EQ(a76.pa_bits, 40u);
    EXPECT_TRUE(a76.gran4k && a76.gran16k && a76.gran64k && a76.haf && a76.hdbs && a76.hpds && a76.pan);
    EXPECT_TRUE(!a76.pan3 && !a76.lpa2_4k && !a76.lpa2_16k && !a76.e0pd && !a76.tcr2);
}

// Each register goes to its own field, and those of absent features are not read.
TEST(MmuFeaturesTest, RegistersByTable) {
    namespace r = arch::reg;
    const auto read = [](arch::SysReg reg) { return u64{reg.encoding()}; };
    MmuFeatures f;
    f.tcr2 = f.aie = f.s1pie = f.s1poe = true;
    const El10Registers all = read_el10_registers(f, read);
    EXPECT_EQ(all.SCTLR_EL1, r::SCTLR_EL1.encoding());
    EXPECT_EQ(all.TCR_EL1, r::TCR_EL1.encoding());
    EXPECT_EQ(all.TTBR0_EL1, r::TTBR0_EL1.encoding());
    EXPECT_EQ(all.TTBR1_EL1, r::TTBR1_EL1.encoding());
    EXPECT_EQ(all.MAIR_EL1, r::MAIR_EL1.encoding());
    EXPECT_EQ(all.MAIR2_EL1, r::MAIR2_EL1.encoding());
    EXPECT_EQ(all.TCR2_EL1, r::TCR2_EL1.encoding());
    EXPECT_EQ(all.PIR_EL1, r::PIR_EL1.encoding());
    EXPECT_EQ(all.PIRE0_EL1, r::PIRE0_EL1.encoding());
    EXPECT_EQ(all.POR_EL1, r::POR_EL1.encoding());
    EXPECT_EQ(all.POR_EL0, r::POR_EL0.encoding());

    std::vector<arch::SysReg> asked;
    read_el10_registers({}, [&](arch::SysReg reg) { return asked.push_back(reg), u64{0}; });
    EXPECT_THAT(asked, testing::UnorderedElementsAre(r::SCTLR_EL1, r::TCR_EL1, r::TTBR0_EL1, r::TTBR1_EL1,
                                                     r::MAIR_EL1));

    // EL2's, of a guest that has one: all in their place, once.
    f.el2 = f.vhe = f.hcx = true;
    const MmuRegisters both = read_mmu_registers(f, read);
    EXPECT_EQ(both.el10.TCR_EL1, r::TCR_EL1.encoding());
    EXPECT_EQ(both.el2.HCR_EL2, r::HCR_EL2.encoding());
    EXPECT_EQ(both.el2.HCRX_EL2, r::HCRX_EL2.encoding());
    EXPECT_EQ(both.el2.SCTLR_EL2, r::SCTLR_EL2.encoding());
    EXPECT_EQ(both.el2.TCR_EL2, r::TCR_EL2.encoding());
    EXPECT_EQ(both.el2.TTBR0_EL2, r::TTBR0_EL2.encoding());
    EXPECT_EQ(both.el2.TTBR1_EL2, r::TTBR1_EL2.encoding());
    EXPECT_EQ(both.el2.MAIR_EL2, r::MAIR_EL2.encoding());
    EXPECT_EQ(both.el2.MAIR2_EL2, r::MAIR2_EL2.encoding());
    EXPECT_EQ(both.el2.TCR2_EL2, r::TCR2_EL2.encoding());
    EXPECT_EQ(both.el2.PIR_EL2, r::PIR_EL2.encoding());
    EXPECT_EQ(both.el2.PIRE0_EL2, r::PIRE0_EL2.encoding());
    EXPECT_EQ(both.el2.POR_EL2, r::POR_EL2.encoding());
    EXPECT_EQ(both.el2.VTCR_EL2, r::VTCR_EL2.encoding());
    EXPECT_EQ(both.el2.VTTBR_EL2, r::VTTBR_EL2.encoding());
    asked.clear();
    read_mmu_registers({}, [&](arch::SysReg reg) { return asked.push_back(reg), u64{0}; });
    EXPECT_EQ(asked.size(), 5u);
    asked.clear();
    f = {};
    f.el2 = true;
    read_mmu_registers(f, [&](arch::SysReg reg) { return asked.push_back(reg), u64{0}; });
    EXPECT_THAT(asked, testing::IsSupersetOf({r::HCR_EL2, r::VTCR_EL2, r::TCR_EL2}));
    EXPECT_THAT(asked, testing::Not(testing::Contains(r::TTBR1_EL2)));
    EXPECT_THAT(asked, testing::Not(testing::Contains(r::HCRX_EL2)));

    const MmuFeatures read_features = read_mmu_features([](arch::SysReg reg) -> u64 {
        if (reg == r::ID_AA64MMFR0_EL1) return 0x0010'0005;
        return reg == r::ID_AA64MMFR2_EL1 ? 1ull << 60 : 0;
    });
    EXPECT_EQ(read_features.pa_bits, 48u);
    EXPECT_TRUE(read_features.gran16k && read_features.e0pd && !read_features.haf);
}

}  // namespace
}  // namespace trapeze::mem
