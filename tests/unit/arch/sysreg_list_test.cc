#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "trapeze/arch/sysreg.h"

namespace trapeze::arch {
namespace {

struct Instruction {
    SysReg reg;
    u32 word;
};

// What an assembler made of `mrs x0, <name>` and of the system instruction by name.
TEST(SysRegList, EncodingsAgreeWithAnAssembler) {
    const Instruction instructions[] = {
        {reg::MPIDR_EL1, 0xd53800a0},       {reg::ID_AA64MMFR2_EL1, 0xd5380740},
        {reg::CTR_EL0, 0xd53b0020},         {reg::CSSELR_EL1, 0xd53a0000},
        {reg::CCSIDR_EL1, 0xd5390000},      {reg::DBGBVR15_EL1, 0xd5300f80},
        {reg::DBGWCR7_EL1, 0xd53007e0},     {reg::OSLSR_EL1, 0xd5301180},
        {reg::PMEVCNTR30_EL0, 0xd53bebc0},  {reg::PMEVTYPER8_EL0, 0xd53bed00},
        {reg::PMCCFILTR_EL0, 0xd53befe0},   {reg::AMEVCNTR115_EL0, 0xd53bdde0},
        {reg::AMEVTYPER10_EL0, 0xd53bde00}, {reg::ERXMISC3_EL1, 0xd5385560},
        {reg::LORID_EL1, 0xd538a4e0},       {reg::RNDRRS, 0xd53b2420},
        {reg::APGAKEYHI_EL1, 0xd5382320},   {reg::GCR_EL1, 0xd53810c0},
        {reg::TRCRSCTLR31, 0xd5311f20},     {reg::BRBINF31_EL1, 0xd5318f80},
        {reg::ICH_LR15_EL2, 0xd53ccde0},    {reg::MPAMIDR_EL1, 0xd538a480},
        {reg::CNTP_TVAL_EL0, 0xd53be200},   {reg::CNTV_CVAL_EL02, 0xd53de340},
        {reg::SPSR_fiq, 0xd53c4360},        {reg::DC_CISW, 0xd5087e40},
        {reg::DC_CIGDSW, 0xd5087ec0},       {reg::DC_CIVAC, 0xd50b7e20},
        {reg::IC_IVAU, 0xd50b7520},         {reg::AT_S1E1R, 0xd5087800},
        {reg::AT_S12E0W, 0xd50c78e0},       {reg::TLBI_RVAALE1OS, 0xd50885e0},
        {reg::TLBI_VAE1IS, 0xd5088320},
    };
    for (const Instruction& i : instructions) {
        // "System instruction class": op0 at [20:19] down to op2 at [7:5].
        EXPECT_EQ(i.reg, SysReg::from_encoding(static_cast<u16>(i.word >> 5))) << sysreg_to_string(i.reg);
    }
}

TEST(SysRegList, NamesAreUnique) {
    std::vector<std::string> names;
    for (u32 encoding = 0; encoding <= 0xffff; ++encoding) {
        if (const char* name = sysreg_name(SysReg::from_encoding(static_cast<u16>(encoding))))
            names.emplace_back(name);
    }
    EXPECT_GT(names.size(), 1000u);
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

// The banks are numbered by CRm and op2 (or CRm alone), so that a slip in one row shows.
TEST(SysRegList, BanksFollowTheirNumbering) {
    for (unsigned n = 0; n < 16; ++n) {
        EXPECT_EQ(sysreg_to_string(SysReg(2, 0, 0, n, 4)), "DBGBVR" + std::to_string(n) + "_EL1");
        EXPECT_EQ(sysreg_to_string(SysReg(2, 0, 0, n, 5)), "DBGBCR" + std::to_string(n) + "_EL1");
        EXPECT_EQ(sysreg_to_string(SysReg(2, 0, 0, n, 6)), "DBGWVR" + std::to_string(n) + "_EL1");
        EXPECT_EQ(sysreg_to_string(SysReg(2, 0, 0, n, 7)), "DBGWCR" + std::to_string(n) + "_EL1");
        EXPECT_EQ(sysreg_to_string(SysReg(3, 4, 12, 12 + n / 8, n % 8)),
                  "ICH_LR" + std::to_string(n) + "_EL2");
        EXPECT_EQ(sysreg_to_string(SysReg(3, 3, 13, 12 + n / 8, n % 8)),
                  "AMEVCNTR1" + std::to_string(n) + "_EL0");
    }
    for (unsigned n = 0; n < 31; ++n) {
        EXPECT_EQ(sysreg_to_string(SysReg(3, 3, 14, 8 + n / 8, n % 8)),
                  "PMEVCNTR" + std::to_string(n) + "_EL0");
        EXPECT_EQ(sysreg_to_string(SysReg(3, 3, 14, 12 + n / 8, n % 8)),
                  "PMEVTYPER" + std::to_string(n) + "_EL0");
    }
}

}  // namespace
}  // namespace trapeze::arch
