#include "trapeze/trap/sysregs/misc.h"

namespace trapeze::trap {
namespace {

using Misc = MiscRegisters;
using Feature = bool (IdRegisters::*)() const;
using Row = SysRegRow<Misc>;
namespace r = arch::reg;

template <Feature Present>
bool present(const Misc& misc) {
    return (misc.ids().*Present)();
}

// The accelerator's register, if the guest has the feature.
template <Feature Present>
constexpr Row forward_if(arch::SysReg reg, const char* spec, MinEl el = MinEl::El1) {
    return {reg,
            el,
            el,
            [](Misc& misc, CpuPort& cpu, arch::SysReg reg_) {
                return present<Present>(misc) ? misc.read(cpu, reg_) : SysRegValue::make_undef();
            },
            [](Misc& misc, CpuPort& cpu, arch::SysReg reg_, u64 value) {
                return present<Present>(misc) ? misc.write(cpu, reg_, value) : SysRegWrite::Undef;
            },
            spec};
}

template <Feature Present>
constexpr Row raz_if(arch::SysReg reg, const char* spec) {
    return {reg,
            MinEl::El1,
            MinEl::None,
            [](Misc& misc, CpuPort&, arch::SysReg) {
                return present<Present>(misc) ? SysRegValue(0) : SysRegValue::make_undef();
            },
            nullptr,
            spec};
}

template <Feature Present>
constexpr Row raz_wi_if(arch::SysReg reg, const char* spec) {
    Row row = raz_if<Present>(reg, spec);
    row.write_el = MinEl::El1;
    row.write = [](Misc& misc, CpuPort&, arch::SysReg, u64) -> SysRegWrite {
        return present<Present>(misc) ? SysRegWrite::Done : SysRegWrite::Undef;
    };
    return row;
}

// Cache maintenance by set/way is a private matter of a PE's boot and power-down code, and the host's caches
// are coherent for everything a guest shares. A kernel that needs it, to keep a guest with its caches off
// coherent on hosts without FEAT_S2FWB, keeps these traps to itself.
template <Feature Present>
constexpr Row nop_if(arch::SysReg reg, const char* spec) {
    return {reg,
            MinEl::None,
            MinEl::El1,
            nullptr,
            [](Misc& misc, CpuPort&, arch::SysReg, u64) -> SysRegWrite {
                return present<Present>(misc) ? SysRegWrite::Done : SysRegWrite::Undef;
            },
            spec};
}
constexpr Row nop(arch::SysReg reg, const char* spec) {
    return rows::wo<&Misc::ignore>(reg, spec);
}

// Registers of HCR_EL2.TVM, which a trap-all kernel keeps while it tracks the guest's caches.
constexpr Row forward(arch::SysReg reg, const char* spec) {
    return rows::rw<&Misc::read, &Misc::write>(reg, spec);
}

using Ids = IdRegisters;

constexpr Row kRows[] = {
    nop(r::DC_ISW, "DDI0487 DC ISW"),
    nop_if<&Ids::has_mte>(r::DC_IGSW, "DDI0487 DC IGSW"),
    nop_if<&Ids::has_mte>(r::DC_IGDSW, "DDI0487 DC IGDSW"),
    nop(r::DC_CSW, "DDI0487 DC CSW"),
    nop_if<&Ids::has_mte>(r::DC_CGSW, "DDI0487 DC CGSW"),
    nop_if<&Ids::has_mte>(r::DC_CGDSW, "DDI0487 DC CGDSW"),
    nop(r::DC_CISW, "DDI0487 DC CISW"),
    nop_if<&Ids::has_mte>(r::DC_CIGSW, "DDI0487 DC CIGSW"),
    nop_if<&Ids::has_mte>(r::DC_CIGDSW, "DDI0487 DC CIGDSW"),

    forward(r::SCTLR_EL1, "DDI0487 SCTLR_EL1"),
    // IMPLEMENTATION DEFINED; read as the accelerator has it, never written.
    rows::rw<&Misc::read, &Misc::ignore>(r::ACTLR_EL1, "DDI0487 ACTLR_EL1"),
    forward_if<&Ids::has_sctlr2>(r::SCTLR2_EL1, "DDI0487 SCTLR2_EL1"),
    forward_if<&Ids::has_mte>(r::RGSR_EL1, "DDI0487 RGSR_EL1"),
    forward_if<&Ids::has_mte>(r::GCR_EL1, "DDI0487 GCR_EL1"),
    forward(r::TTBR0_EL1, "DDI0487 TTBR0_EL1"),
    forward(r::TTBR1_EL1, "DDI0487 TTBR1_EL1"),
    forward(r::TCR_EL1, "DDI0487 TCR_EL1"),
    forward_if<&Ids::has_tcr2>(r::TCR2_EL1, "DDI0487 TCR2_EL1"),
    forward(r::AFSR0_EL1, "DDI0487 AFSR0_EL1"),
    forward(r::AFSR1_EL1, "DDI0487 AFSR1_EL1"),
    forward(r::ESR_EL1, "DDI0487 ESR_EL1"),

    // ERRIDR_EL1.NUM is 0: no error records, so the ERX* window onto the selected one is RAZ/WI.
    raz_if<&Ids::has_ras>(r::ERRIDR_EL1, "DDI0487 ERRIDR_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERRSELR_EL1, "DDI0487 ERRSELR_EL1"),
    raz_if<&Ids::has_ras>(r::ERXFR_EL1, "DDI0487 ERXFR_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERXCTLR_EL1, "DDI0487 ERXCTLR_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERXSTATUS_EL1, "DDI0487 ERXSTATUS_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERXADDR_EL1, "DDI0487 ERXADDR_EL1"),
    raz_if<&Ids::has_ras_v1p1>(r::ERXPFGF_EL1, "DDI0487 ERXPFGF_EL1"),
    raz_wi_if<&Ids::has_ras_v1p1>(r::ERXPFGCTL_EL1, "DDI0487 ERXPFGCTL_EL1"),
    raz_wi_if<&Ids::has_ras_v1p1>(r::ERXPFGCDN_EL1, "DDI0487 ERXPFGCDN_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERXMISC0_EL1, "DDI0487 ERXMISC0_EL1"),
    raz_wi_if<&Ids::has_ras>(r::ERXMISC1_EL1, "DDI0487 ERXMISC1_EL1"),
    raz_wi_if<&Ids::has_ras_v1p1>(r::ERXMISC2_EL1, "DDI0487 ERXMISC2_EL1"),
    raz_wi_if<&Ids::has_ras_v1p1>(r::ERXMISC3_EL1, "DDI0487 ERXMISC3_EL1"),

    forward_if<&Ids::has_mte>(r::TFSR_EL1, "DDI0487 TFSR_EL1"),
    forward_if<&Ids::has_mte>(r::TFSRE0_EL1, "DDI0487 TFSRE0_EL1"),
    forward(r::FAR_EL1, "DDI0487 FAR_EL1"),
    forward(r::MAIR_EL1, "DDI0487 MAIR_EL1"),
    forward_if<&Ids::has_s1pie>(r::PIRE0_EL1, "DDI0487 PIRE0_EL1"),
    forward_if<&Ids::has_s1pie>(r::PIR_EL1, "DDI0487 PIR_EL1"),
    forward_if<&Ids::has_s1poe>(r::POR_EL1, "DDI0487 POR_EL1"),
    forward(r::AMAIR_EL1, "DDI0487 AMAIR_EL1"),

    // LORID_EL1 counts no LORegions and no LORegion descriptors; the others then are RAZ/WI.
    raz_wi_if<&Ids::has_lor>(r::LORSA_EL1, "DDI0487 LORSA_EL1"),
    raz_wi_if<&Ids::has_lor>(r::LOREA_EL1, "DDI0487 LOREA_EL1"),
    raz_wi_if<&Ids::has_lor>(r::LORN_EL1, "DDI0487 LORN_EL1"),
    raz_wi_if<&Ids::has_lor>(r::LORC_EL1, "DDI0487 LORC_EL1"),
    raz_if<&Ids::has_lor>(r::LORID_EL1, "DDI0487 LORID_EL1"),

    forward(r::CONTEXTIDR_EL1, "DDI0487 CONTEXTIDR_EL1"),
    forward_if<&Ids::has_s1poe>(r::POR_EL0, "DDI0487 POR_EL0", MinEl::El0),
};
static_assert(valid_sysreg_table(kRows));

}  // namespace

std::span<const SysRegRow<MiscRegisters>> MiscRegisters::table() {
    return kRows;
}

}  // namespace trapeze::trap
