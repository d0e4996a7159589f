// Which ID register fields a guest sees. A field that is not named here passes as the accelerator shows it;
// RES0 fields, and fields that arch/id_registers.h does not know, read as zero.
#pragma once

#include "trapeze/arch/id_registers.h"

namespace trapeze::trap::id_policy {

enum class Rule : u8 {
    Hide,    // the value that means "not implemented"
    AtMost,  // unsigned minimum of the accelerator's value and `value`
    Pmu,     // passes in a machine with a PMU; otherwise hidden. IMPLEMENTATION DEFINED (0xf) is hidden too
    Wfxt,    // hidden on a host whose WFIT traps look like WFI: see has_wfit_syndrome()
    GicSysreg,  // `value` in a machine that emulates the GIC's system registers; otherwise hidden
};

struct FieldPolicy {
    arch::SysReg reg;
    const char* field;  // nullptr: every field of the register
    Rule rule;
    u8 value = 0;
};

namespace r = arch::reg;

inline constexpr FieldPolicy kPolicy[] = {
    // Activity monitors, MPAM and Realms belong to the host, and their registers are UNDEFINED here.
    {r::ID_PFR0_EL1, "AMU", Rule::Hide},
    {r::ID_AA64PFR0_EL1, "AMU", Rule::Hide},
    {r::ID_AA64PFR0_EL1, "MPAM", Rule::Hide},
    {r::ID_AA64PFR0_EL1, "RME", Rule::Hide},
    {r::ID_AA64PFR1_EL1, "MPAM_frac", Rule::Hide},
    // The GIC is ours whatever the accelerator says of its own: a GICv3 or GICv4.0 CPU interface.
    {r::ID_AA64PFR0_EL1, "GIC", Rule::GicSysreg, 1},
    // SCXTNUM_ELx is not switched: it comes with CSV2_2, or with CSV2_1p2 below CSV2_2.
    {r::ID_AA64PFR0_EL1, "CSV2", Rule::AtMost, 1},
    {r::ID_AA64PFR1_EL1, "CSV2_frac", Rule::AtMost, 1},
    // SME traps as exception classes that are UNDEFINED here.
    {r::ID_AA64PFR1_EL1, "SME", Rule::Hide},
    {r::ID_AA64SMFR0_EL1, nullptr, Rule::Hide},
    // The interrupt controller signals neither NMIs nor GICv5 interrupts.
    {r::ID_AA64PFR1_EL1, "NMI", Rule::Hide},
    {r::ID_AA64PFR2_EL1, "GCIE", Rule::Hide},
    // State that exception entry here does not know (GCS, UINJ), or whose registers are hidden.
    {r::ID_AA64PFR1_EL1, "GCS", Rule::Hide},
    {r::ID_AA64PFR1_EL1, "THE", Rule::Hide},
    {r::ID_AA64PFR1_EL1, "PFAR", Rule::Hide},
    {r::ID_AA64PFR2_EL1, "UINJ", Rule::Hide},
    {r::ID_AA64MMFR3_EL1, "AIE", Rule::Hide},
    {r::ID_AA64MMFR3_EL1, "S2POE", Rule::Hide},
    // 128-bit system registers and instructions, and transactions, exit with syndromes that nothing decodes.
    {r::ID_AA64ISAR0_EL1, "TME", Rule::Hide},
    // No ST64BV0: ACCDATA_EL1 is not switched.
    {r::ID_AA64ISAR1_EL1, "LS64", Rule::AtMost, 2},
    {r::ID_AA64ISAR2_EL1, "SYSREG_128", Rule::Hide},
    {r::ID_AA64ISAR2_EL1, "SYSINSTR_128", Rule::Hide},
    {r::ID_AA64MMFR3_EL1, "D128", Rule::Hide},
    {r::ID_AA64MMFR3_EL1, "D128_2", Rule::Hide},
    // Trace, branch recording and statistical profiling; a PMU only if the machine has one.
    {r::ID_AA64ISAR2_EL1, "WFxT", Rule::Wfxt},
    {r::ID_AA64DFR0_EL1, "TraceVer", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "TraceFilt", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "TraceBuffer", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "ExtTrcBuff", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "BRBE", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "PMSVer", Rule::Hide},
    {r::ID_AA64DFR0_EL1, "PMUVer", Rule::Pmu},
    {r::ID_AA64DFR0_EL1, "MTPMU", Rule::Pmu},
    {r::ID_AA64DFR0_EL1, "HPMN0", Rule::Pmu},
    {r::ID_AA64DFR1_EL1, nullptr, Rule::Hide},
    {r::ID_DFR0_EL1, "TraceFilt", Rule::Hide},
    {r::ID_DFR0_EL1, "CopTrc", Rule::Hide},
    {r::ID_DFR0_EL1, "MMapTrc", Rule::Hide},
    {r::ID_DFR0_EL1, "PerfMon", Rule::Pmu},
    {r::ID_DFR1_EL1, nullptr, Rule::Hide},
    // IMPLEMENTATION DEFINED.
    {r::ID_AFR0_EL1, nullptr, Rule::Hide},
    {r::ID_AA64AFR0_EL1, nullptr, Rule::Hide},
    {r::ID_AA64AFR1_EL1, nullptr, Rule::Hide},
};

// A trapped WFIT must report itself and its register (Arm ARM, "ISS encoding for an exception from a WF*
// instruction"): taken for a WFI it would sleep past its deadline. QEMU 10 reports WFI; the CPU model with
// FEAT_WFxT that it emulates identifies itself by implementer 0x00, "reserved for software use".
constexpr bool has_wfit_syndrome(u64 midr) {
    return Field<31, 24>::get(midr) != 0;
}

constexpr bool names_exist() {
    for (const FieldPolicy& p : kPolicy) {
        bool known = false;
        for (const arch::IdRegister& reg : arch::id_fields::kRegisters) known |= reg.reg == p.reg;
        if (!known || (p.field != nullptr && !arch::id_fields::find(p.reg, p.field))) return false;
    }
    return true;
}
static_assert(names_exist(), "every rule names an ID register, and a field of it");

}  // namespace trapeze::trap::id_policy
