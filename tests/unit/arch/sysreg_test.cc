#include "trapeze/arch/sysreg.h"

#include <gtest/gtest.h>

namespace trapeze::arch {
namespace {

TEST(SysReg, NamesRoundTrip) {
    EXPECT_STREQ(sysreg_name(reg::ICC_PMR_EL1), "ICC_PMR_EL1");
    EXPECT_EQ(sysreg_name(SysReg(3, 7, 15, 15, 7)), nullptr);
    EXPECT_EQ(sysreg_to_string(SysReg(3, 7, 15, 15, 7)), "S3_7_C15_C15_7");
}

TEST(SysReg, FieldsComeBackFromTheEncoding) {
    constexpr SysReg r(3, 4, 12, 9, 6);
    EXPECT_EQ(r.op0(), 3u);
    EXPECT_EQ(r.op1(), 4u);
    EXPECT_EQ(r.crn(), 12u);
    EXPECT_EQ(r.crm(), 9u);
    EXPECT_EQ(r.op2(), 6u);
    EXPECT_EQ(SysReg::from_encoding(r.encoding()), r);
}

}  // namespace
}  // namespace trapeze::arch
