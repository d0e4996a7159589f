// Which registers a walk needs, as data, so that nobody lists them by hand.
#pragma once

#include "trapeze/arch/sysreg.h"
#include "trapeze/mem/walker.h"

namespace trapeze::mem {

struct El10RegisterRow {
    arch::SysReg reg;
    u64 El10Registers::*field;
    bool MmuFeatures::*feature;  // nullptr: always there
};

inline constexpr El10RegisterRow kEl10Registers[] = {
    {arch::reg::SCTLR_EL1, &El10Registers::SCTLR_EL1, nullptr},
    {arch::reg::TTBR0_EL1, &El10Registers::TTBR0_EL1, nullptr},
    {arch::reg::TTBR1_EL1, &El10Registers::TTBR1_EL1, nullptr},
    {arch::reg::TCR_EL1, &El10Registers::TCR_EL1, nullptr},
    {arch::reg::TCR2_EL1, &El10Registers::TCR2_EL1, &MmuFeatures::tcr2},
    {arch::reg::MAIR_EL1, &El10Registers::MAIR_EL1, nullptr},
    {arch::reg::MAIR2_EL1, &El10Registers::MAIR2_EL1, &MmuFeatures::aie},
    {arch::reg::PIRE0_EL1, &El10Registers::PIRE0_EL1, &MmuFeatures::s1pie},
    {arch::reg::PIR_EL1, &El10Registers::PIR_EL1, &MmuFeatures::s1pie},
    {arch::reg::POR_EL1, &El10Registers::POR_EL1, &MmuFeatures::s1poe},
    {arch::reg::POR_EL0, &El10Registers::POR_EL0, &MmuFeatures::s1poe},
};

struct El2RegisterRow {
    arch::SysReg reg;
    u64 El2Registers::*field;
    bool MmuFeatures::*feature;  // besides EL2; nullptr: always there
};

inline constexpr El2RegisterRow kEl2Registers[] = {
    {arch::reg::SCTLR_EL2, &El2Registers::SCTLR_EL2, nullptr},
    {arch::reg::HCR_EL2, &El2Registers::HCR_EL2, nullptr},
    {arch::reg::HCRX_EL2, &El2Registers::HCRX_EL2, &MmuFeatures::hcx},
    {arch::reg::TTBR0_EL2, &El2Registers::TTBR0_EL2, nullptr},
    {arch::reg::TTBR1_EL2, &El2Registers::TTBR1_EL2, &MmuFeatures::vhe},
    {arch::reg::TCR_EL2, &El2Registers::TCR_EL2, nullptr},
    {arch::reg::TCR2_EL2, &El2Registers::TCR2_EL2, &MmuFeatures::tcr2},
    {arch::reg::VTTBR_EL2, &El2Registers::VTTBR_EL2, nullptr},
    {arch::reg::VTCR_EL2, &El2Registers::VTCR_EL2, nullptr},
    {arch::reg::MAIR2_EL2, &El2Registers::MAIR2_EL2, &MmuFeatures::aie},
    {arch::reg::MAIR_EL2, &El2Registers::MAIR_EL2, nullptr},
    {arch::reg::PIRE0_EL2, &El2Registers::PIRE0_EL2, &MmuFeatures::s1pie},
    {arch::reg::PIR_EL2, &El2Registers::PIR_EL2, &MmuFeatures::s1pie},
    {arch::reg::POR_EL2, &El2Registers::POR_EL2, &MmuFeatures::s1poe},
};

struct MmuIdRegisterRow {
    arch::SysReg reg;
    u64 MmuIdRegisters::*field;
};

inline constexpr MmuIdRegisterRow kMmuIdRegisters[] = {
    {arch::reg::ID_AA64PFR0_EL1, &MmuIdRegisters::ID_AA64PFR0_EL1},
    {arch::reg::ID_AA64PFR1_EL1, &MmuIdRegisters::ID_AA64PFR1_EL1},
    {arch::reg::ID_AA64PFR2_EL1, &MmuIdRegisters::ID_AA64PFR2_EL1},
    {arch::reg::ID_AA64ISAR1_EL1, &MmuIdRegisters::ID_AA64ISAR1_EL1},
    {arch::reg::ID_AA64ISAR2_EL1, &MmuIdRegisters::ID_AA64ISAR2_EL1},
    {arch::reg::ID_AA64MMFR0_EL1, &MmuIdRegisters::ID_AA64MMFR0_EL1},
    {arch::reg::ID_AA64MMFR1_EL1, &MmuIdRegisters::ID_AA64MMFR1_EL1},
    {arch::reg::ID_AA64MMFR2_EL1, &MmuIdRegisters::ID_AA64MMFR2_EL1},
    {arch::reg::ID_AA64MMFR3_EL1, &MmuIdRegisters::ID_AA64MMFR3_EL1},
    {arch::reg::ID_AA64MMFR4_EL1, &MmuIdRegisters::ID_AA64MMFR4_EL1},
};

// By `read`, u64(arch::SysReg), which is asked only for registers that the guest has.
template <typename Read>
El10Registers read_el10_registers(const MmuFeatures& features, Read read) {
    El10Registers result;
    for (const El10RegisterRow& row : kEl10Registers)
        if (row.feature == nullptr || features.*row.feature) result.*row.field = read(row.reg);
    return result;
}

// The same for all regimes; EL2's only of a guest that has one.
template <typename Read>
MmuRegisters read_mmu_registers(const MmuFeatures& features, Read read) {
    MmuRegisters result{.el10 = read_el10_registers(features, read), .el2 = {}};
    if (!features.el2) return result;
    for (const El2RegisterRow& row : kEl2Registers)
        if (row.feature == nullptr || features.*row.feature) result.el2.*row.field = read(row.reg);
    return result;
}

// By `read`, u64(arch::SysReg), which gives the guest's values: 0 for a register that it does not have.
template <typename Read>
MmuFeatures read_mmu_features(Read read) {
    MmuIdRegisters id;
    for (const MmuIdRegisterRow& row : kMmuIdRegisters) id.*row.field = read(row.reg);
    return MmuFeatures::from(id);
}

}  // namespace trapeze::mem
