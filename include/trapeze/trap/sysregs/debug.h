// Self-hosted debug and the Debug Communications Channel (DDI0487 "Debug registers"). A trap-all kernel keeps
// these, because it switches the breakpoints lazily on their first use; the rows serve hosts that forward
// them, and keep breakpoint state where the accelerator switches it.
#pragma once

#include "trapeze/trap/sysregs/id_registers.h"

namespace trapeze::trap {

// The registers of one vCPU, used on its thread.
class DebugRegisters {
public:
    explicit DebugRegisters(const IdRegisters& ids) : ids_(ids) {}
    static std::span<const SysRegRow<DebugRegisters>> table();

    SysRegValue read(CpuPort& cpu, arch::SysReg reg) { return cpu.sysreg(reg); }
    SysRegWrite write(CpuPort& cpu, arch::SysReg reg, u64 value);
    // DBG{B,W}{V,C}R<n>_EL1, where n is CRm: UNDEFINED beyond the numbers in ID_AA64DFR0_EL1.
    SysRegValue read_breakpoint(CpuPort& cpu, arch::SysReg reg);
    SysRegWrite write_breakpoint(CpuPort& cpu, arch::SysReg reg, u64 value);
    SysRegWrite write_oslar(CpuPort& cpu, u64 value);
    u64 dbgauthstatus() const;

private:
    bool is_implemented(arch::SysReg reg) const;

    const IdRegisters& ids_;
};

}  // namespace trapeze::trap
