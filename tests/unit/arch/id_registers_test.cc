#include "trapeze/arch/id_registers.h"

#include <gtest/gtest.h>

namespace trapeze::arch {
namespace {

// Positions from the register diagrams of DDI0487.
TEST(IdRegisters, FieldsLieWhereTheManualDrawsThem) {
    constexpr auto at = [](u8 high, u8 low) { return IdFieldPosition{high, low}; };
    EXPECT_EQ(id_field(reg::ID_AA64PFR0_EL1, "GIC"), at(27, 24));
    EXPECT_EQ(id_field(reg::ID_AA64PFR0_EL1, "AMU"), at(47, 44));
    EXPECT_EQ(id_field(reg::ID_AA64PFR0_EL1, "EL0"), at(3, 0));
    EXPECT_EQ(id_field(reg::ID_AA64PFR1_EL1, "MTE"), at(11, 8));
    EXPECT_EQ(id_field(reg::ID_AA64PFR1_EL1, "NMI"), at(39, 36));
    EXPECT_EQ(id_field(reg::ID_AA64PFR2_EL1, "GCIE"), at(15, 12));
    EXPECT_EQ(id_field(reg::ID_AA64PFR2_EL1, "FPMR"), at(35, 32));
    EXPECT_EQ(id_field(reg::ID_AA64DFR0_EL1, "PMUVer"), at(11, 8));
    EXPECT_EQ(id_field(reg::ID_AA64DFR0_EL1, "BRPs"), at(15, 12));
    EXPECT_EQ(id_field(reg::ID_AA64DFR0_EL1, "PMSVer"), at(35, 32));
    EXPECT_EQ(id_field(reg::ID_AA64SMFR0_EL1, "FA64"), at(63, 63));
    EXPECT_EQ(id_field(reg::ID_AA64ISAR0_EL1, "RNDR"), at(63, 60));
    EXPECT_EQ(id_field(reg::ID_AA64ISAR1_EL1, "LS64"), at(63, 60));
    EXPECT_EQ(id_field(reg::ID_AA64ISAR2_EL1, "WFxT"), at(3, 0));
    EXPECT_EQ(id_field(reg::ID_AA64MMFR0_EL1, "PARange"), at(3, 0));
    EXPECT_EQ(id_field(reg::ID_AA64MMFR1_EL1, "PAN"), at(23, 20));
    EXPECT_EQ(id_field(reg::ID_AA64MMFR1_EL1, "LO"), at(19, 16));
    EXPECT_EQ(id_field(reg::ID_AA64MMFR3_EL1, "S1PIE"), at(11, 8));
    EXPECT_EQ(id_field(reg::ID_DFR0_EL1, "PerfMon"), at(27, 24));
    EXPECT_EQ(id_field(reg::MVFR1_EL1, "SIMDFMAC"), at(31, 28));
}

TEST(IdRegisters, FieldAccessIsLimitedToTheField) {
    constexpr IdFieldPosition gic = id_field(reg::ID_AA64PFR0_EL1, "GIC");
    EXPECT_EQ(gic.get(0x1234'5678'9abc'def0), 0xau);
    EXPECT_EQ(gic.set(~u64{0}, 1), 0xffff'ffff'f1ff'ffff);
}

TEST(IdRegisters, EveryRegisterIsNamedAndFoundByEncoding) {
    for (const IdRegister& r : id_registers()) {
        EXPECT_NE(sysreg_name(r.reg), nullptr);
        EXPECT_EQ(find_id_register(r.reg), &r);
    }
    EXPECT_EQ(find_id_register(reg::SCTLR_EL1), nullptr);
    EXPECT_EQ(find_id_register(SysReg(3, 0, 0, 7, 7)), nullptr);
}

TEST(IdRegisters, TheIdSpaceStartsAfterMidr) {
    EXPECT_FALSE(is_id_space(reg::MIDR_EL1));
    EXPECT_TRUE(is_id_space(reg::ID_PFR0_EL1));
    EXPECT_TRUE(is_id_space(SysReg(3, 0, 0, 7, 7)));
    EXPECT_FALSE(is_id_space(reg::SCTLR_EL1));
    EXPECT_FALSE(is_id_space(SysReg(3, 1, 0, 1, 0)));
}

}  // namespace
}  // namespace trapeze::arch
