#include "sysregs/known_registers.h"
#include "trapeze/trap/sysregs/misc.h"

namespace trapeze::trap {
namespace {

using arch::SysReg;
namespace r = arch::reg;

// Encodings within one family differ in CRm and op2, as the Arm ARM allocates them.
struct Bank {
    unsigned op0, op1, crn;
    unsigned first_crm, last_crm;
    constexpr bool contains(SysReg reg) const {
        return reg.op0() == op0 && reg.op1() == op1 && reg.crn() == crn && reg.crm() >= first_crm &&
               reg.crm() <= last_crm;
    }
};

template <typename... Regs>
constexpr bool is_any(SysReg reg, Regs... of) {
    return ((reg == of) || ...);
}

// What the guest cannot have: registers of Exception levels that the machine does not have, and of features
// that the ID registers hide (id_policy.h) or whose accesses trap only where the guest lacks the feature.
struct Family {
    const char* spec;
    bool (*contains)(SysReg);
};

constexpr Family kFamilies[] = {
    {"DDI0487 EL2 and EL3 registers and instructions", [](SysReg reg) { return reg.op1() >= 4; }},
    {"DDI0487 FEAT_BRBE",
     [](SysReg reg) {
         return Bank{2, 1, 8, 0, 15}.contains(reg) || Bank{2, 1, 9, 0, 15}.contains(reg) ||
                is_any(reg, r::BRB_IALL, r::BRB_INJ);
     }},
    {"DDI0487 FEAT_ETE, FEAT_TRF, FEAT_ITE",
     [](SysReg reg) {
         return (reg.op0() == 2 && reg.op1() == 1) || is_any(reg, r::TRFCR_EL1, r::TRCITECR_EL1, r::TRCIT);
     }},
    {"DDI0487 FEAT_SPE",
     [](SysReg reg) {
         return Bank{3, 0, 9, 9, 10}.contains(reg);
     }},
    {"DDI0487 FEAT_TRBE",
     [](SysReg reg) {
         return Bank{3, 0, 9, 11, 11}.contains(reg);
     }},
    // With a PMU, the kernel keeps these. KVM opens PMUSERENR_EL0, so EL0 accesses arrive as well.
    {"DDI0487 FEAT_PMUv3",
     [](SysReg reg) {
         return Bank{3, 0, 9, 13, 14}.contains(reg) || Bank{3, 3, 9, 0, 15}.contains(reg) ||
                Bank{3, 3, 14, 8, 15}.contains(reg) || Bank{2, 0, 14, 0, 15}.contains(reg);
     }},
    {"DDI0487 FEAT_SPMU",
     [](SysReg reg) {
         return Bank{2, 0, 9, 0, 15}.contains(reg) || Bank{2, 3, 9, 0, 15}.contains(reg);
     }},
    {"DDI0487 FEAT_AMUv1",
     [](SysReg reg) {
         return Bank{3, 3, 13, 2, 15}.contains(reg);
     }},
    {"DDI0487 FEAT_MPAM",
     [](SysReg reg) {
         return Bank{3, 0, 10, 5, 5}.contains(reg) || reg == r::MPAMIDR_EL1;
     }},
    {"DDI0487 FEAT_Debugv8p9, FEAT_STEP2",
     [](SysReg reg) { return is_any(reg, r::MDSELR_EL1, r::MDSTEPOP_EL1); }},
    {"DDI0487 FEAT_SVE, FEAT_SME",
     [](SysReg reg) {
         return is_any(reg, r::ZCR_EL1, r::SMCR_EL1, r::SMPRI_EL1, r::SMIDR_EL1, r::SVCR, r::TPIDR2_EL0);
     }},
    {"DDI0487 FEAT_FPMR", [](SysReg reg) { return reg == r::FPMR; }},
    {"DDI0487 FEAT_PAuth",
     [](SysReg reg) {
         return Bank{3, 0, 2, 1, 3}.contains(reg);
     }},
    {"DDI0487 FEAT_GCS",
     [](SysReg reg) {
         return Bank{3, 0, 2, 5, 5}.contains(reg) || Bank{3, 3, 2, 5, 5}.contains(reg) ||
                Bank{1, 0, 7, 7, 7}.contains(reg) || Bank{1, 3, 7, 7, 7}.contains(reg);
     }},
    {"DDI0487 FEAT_NMI", [](SysReg reg) { return reg == r::ALLINT; }},
    {"DDI0487 FEAT_RASv2, FEAT_PFAR", [](SysReg reg) { return is_any(reg, r::ERXGSR_EL1, r::PFAR_EL1); }},
    {"DDI0487 FEAT_AIE, FEAT_S2POE",
     [](SysReg reg) { return is_any(reg, r::MAIR2_EL1, r::AMAIR2_EL1, r::S2POR_EL1); }},
    {"DDI0487 FEAT_THE", [](SysReg reg) { return is_any(reg, r::RCWMASK_EL1, r::RCWSMASK_EL1); }},
    {"DDI0487 FEAT_LS64_ACCDATA", [](SysReg reg) { return reg == r::ACCDATA_EL1; }},
    {"DDI0487 FEAT_CSV2_2", [](SysReg reg) { return is_any(reg, r::SCXTNUM_EL1, r::SCXTNUM_EL0); }},
    {"DDI0487 FEAT_CCIDX", [](SysReg reg) { return reg == r::CCSIDR2_EL1; }},
    {"DDI0487 FEAT_MTE2", [](SysReg reg) { return reg == r::GMID_EL1; }},
    {"DDI0487 FEAT_RNG", [](SysReg reg) { return is_any(reg, r::RNDR, r::RNDRRS); }},
    {"DDI0487 FEAT_SPECRES",
     [](SysReg reg) { return is_any(reg, r::CFP_RCTX, r::DVP_RCTX, r::COSP_RCTX, r::CPP_RCTX); }},
    {"DDI0487 FEAT_TLBIOS, FEAT_TLBIRANGE",
     [](SysReg reg) {
         return Bank{1, 0, 8, 1, 2}.contains(reg) || Bank{1, 0, 8, 5, 6}.contains(reg);
     }},
    {"DDI0487 FEAT_XS",
     [](SysReg reg) {
         return Bank{1, 0, 9, 0, 15}.contains(reg);
     }},
};

constexpr const Family* family_of(SysReg reg) {
    for (const Family& family : kFamilies) {
        if (family.contains(reg)) return &family;
    }
    return nullptr;
}

consteval std::size_t count_hidden() {
    std::size_t n = 0;
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) n += family_of(known.reg) != nullptr;
    return n;
}

consteval auto hidden_rows() {
    RowTable<HiddenRegisters, count_hidden()> table{};
    std::size_t n = 0;
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
        if (const Family* family = family_of(known.reg))
            table.rows[n++] = rows::undef<HiddenRegisters>(known.reg, family->spec);
    }
    return table;
}

constexpr auto kRows = hidden_rows();
static_assert(valid_sysreg_table(kRows.rows));

}  // namespace

std::span<const SysRegRow<HiddenRegisters>> HiddenRegisters::table() {
    return kRows.rows;
}

}  // namespace trapeze::trap
