// Generic timer registers that arrive (DDI0487 "Generic Timer registers"). The timers are the accelerator's.
// A trap-all kernel keeps those that it has to trap; a host with FEAT_ECV, or one that forwards everything,
// may send us the others.
#pragma once

#include "trapeze/trap/sysregs/id_registers.h"

namespace trapeze::trap {

// The registers of one vCPU, used on its thread. EL0 accesses that CNTKCTL_EL1 forbids do not get here.
class TimerRegisters {
public:
    explicit TimerRegisters(const IdRegisters& ids) : ids_(ids) {}
    static std::span<const SysRegRow<TimerRegisters>> table();

    SysRegValue read(CpuPort& cpu, arch::SysReg reg) { return cpu.sysreg(reg); }
    SysRegWrite write(CpuPort& cpu, arch::SysReg reg, u64 value);
    // CNT{P,V}_TVAL_EL0: a signed 32-bit view of CVAL relative to the counter.
    SysRegValue read_tval(CpuPort& cpu, arch::SysReg reg);
    SysRegWrite write_tval(CpuPort& cpu, arch::SysReg reg, u64 value);
    // CNTPCTSS_EL0 and CNTVCTSS_EL0 (FEAT_ECV): an exit orders the read as they require.
    SysRegValue read_self_synchronised(CpuPort& cpu, arch::SysReg reg);

private:
    const IdRegisters& ids_;
};

}  // namespace trapeze::trap
