#include "trapeze/trap/sysregs/debug.h"

#include "sysregs/known_registers.h"

namespace trapeze::trap {
namespace {

using Debug = DebugRegisters;
namespace r = arch::reg;

constexpr bool is_breakpoint_bank(arch::SysReg reg) {
    return reg.op0() == 2 && reg.op1() == 0 && reg.crn() == 0 && reg.op2() >= 4;
}

consteval auto breakpoint_rows() {
    RowTable<Debug, 16 * 4> table{};
    std::size_t n = 0;
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
        if (is_breakpoint_bank(known.reg))
            table.rows[n++] =
                rows::rw<&Debug::read_breakpoint, &Debug::write_breakpoint>(known.reg, known.spec);
    }
    return table;
}

// There is no external debugger: the channel is always empty, the OS lock has nobody to lock out but is kept,
// and power and claim registers are inert.
constexpr SysRegRow<Debug> kOtherRows[] = {
    rows::raz_wi<Debug>(r::OSDTRRX_EL1, "DDI0487 OSDTRRX_EL1"),
    rows::rw<&Debug::read, &Debug::write>(r::MDCCINT_EL1, "DDI0487 MDCCINT_EL1"),
    rows::rw<&Debug::read, &Debug::write>(r::MDSCR_EL1, "DDI0487 MDSCR_EL1"),
    rows::raz_wi<Debug>(r::OSDTRTX_EL1, "DDI0487 OSDTRTX_EL1"),
    rows::raz_wi<Debug>(r::OSECCR_EL1, "DDI0487 OSECCR_EL1"),
    rows::constant<Debug, 0>(r::MDRAR_EL1, "DDI0487 MDRAR_EL1"),
    rows::wo<&Debug::write_oslar>(r::OSLAR_EL1, "DDI0487 OSLAR_EL1"),
    rows::ro<&Debug::read>(r::OSLSR_EL1, "DDI0487 OSLSR_EL1"),
    rows::raz_wi<Debug>(r::OSDLR_EL1, "DDI0487 OSDLR_EL1"),
    rows::raz_wi<Debug>(r::DBGPRCR_EL1, "DDI0487 DBGPRCR_EL1"),
    rows::raz_wi<Debug>(r::DBGCLAIMSET_EL1, "DDI0487 DBGCLAIMSET_EL1"),
    rows::raz_wi<Debug>(r::DBGCLAIMCLR_EL1, "DDI0487 DBGCLAIMCLR_EL1"),
    rows::ro<&Debug::dbgauthstatus>(r::DBGAUTHSTATUS_EL1, "DDI0487 DBGAUTHSTATUS_EL1"),
    rows::constant<Debug, 0>(r::MDCCSR_EL0, "DDI0487 MDCCSR_EL0", MinEl::El0),
    rows::raz_wi<Debug>(r::DBGDTR_EL0, "DDI0487 DBGDTR_EL0", MinEl::El0),
    rows::raz_wi<Debug>(r::DBGDTRRX_EL0, "DDI0487 DBGDTRRX_EL0, DBGDTRTX_EL0", MinEl::El0),
};

// The banks lie between the others; one sorted table of both.
consteval auto all_rows() {
    constexpr auto kBreakpoints = breakpoint_rows();
    RowTable<Debug, std::size(kBreakpoints.rows) + std::size(kOtherRows)> table{};
    std::size_t a = 0, b = 0;
    for (auto& row : table.rows) {
        const bool from_bank = b == std::size(kOtherRows) || (a < std::size(kBreakpoints.rows) &&
                                                              kBreakpoints.rows[a].reg < kOtherRows[b].reg);
        row = from_bank ? kBreakpoints.rows[a++] : kOtherRows[b++];
    }
    return table;
}

constexpr auto kRows = all_rows();
static_assert(valid_sysreg_table(kRows.rows));

}  // namespace

std::span<const SysRegRow<DebugRegisters>> DebugRegisters::table() {
    return kRows.rows;
}

SysRegWrite DebugRegisters::write(CpuPort& cpu, arch::SysReg reg, u64 value) {
    cpu.set_sysreg(reg, value);
    return SysRegWrite::Done;
}

bool DebugRegisters::is_implemented(arch::SysReg reg) const {
    const bool watchpoint = reg.op2() >= 6;
    return reg.crm() < (watchpoint ? ids_.watchpoints() : ids_.breakpoints());
}

SysRegValue DebugRegisters::read_breakpoint(CpuPort& cpu, arch::SysReg reg) {
    return is_implemented(reg) ? read(cpu, reg) : SysRegValue::make_undef();
}

SysRegWrite DebugRegisters::write_breakpoint(CpuPort& cpu, arch::SysReg reg, u64 value) {
    return is_implemented(reg) ? write(cpu, reg, value) : SysRegWrite::Undef;
}

SysRegWrite DebugRegisters::write_oslar(CpuPort& cpu, u64 value) {
    using Oslk = Field<0, 0>;       // OSLAR_EL1
    using OslsrOslk = Field<1, 1>;  // OSLSR_EL1
    cpu.set_sysreg(r::OSLSR_EL1, OslsrOslk::set(cpu.sysreg(r::OSLSR_EL1), Oslk::get(value)));
    return SysRegWrite::Done;
}

u64 DebugRegisters::dbgauthstatus() const {
    using Nsid = Field<1, 0>;
    using Nsnid = Field<3, 2>;
    constexpr u64 kImplementedAndDisabled = 0b10;
    return Nsid::make(kImplementedAndDisabled) | Nsnid::make(kImplementedAndDisabled);
}

}  // namespace trapeze::trap
