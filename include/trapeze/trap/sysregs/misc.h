// The remaining EL1 registers that arrive: virtual memory control, ACTLR_EL1, error records, LORegions,
// memory tagging and permission indirection, and cache maintenance by set/way.
#pragma once

#include "trapeze/trap/sysregs/id_registers.h"

namespace trapeze::trap {

// The registers of one vCPU, used on its thread. Without state of its own: what is not a constant is in the
// accelerator.
class MiscRegisters {
public:
    explicit MiscRegisters(const IdRegisters& ids) : ids_(ids) {}
    static std::span<const SysRegRow<MiscRegisters>> table();

    const IdRegisters& ids() const { return ids_; }

    SysRegValue read(CpuPort& cpu, arch::SysReg reg) { return cpu.sysreg(reg); }
    SysRegWrite write(CpuPort& cpu, arch::SysReg reg, u64 value) {
        cpu.set_sysreg(reg, value);
        return SysRegWrite::Done;
    }
    void ignore(u64) {}

private:
    const IdRegisters& ids_;
};

// Registers of features that the guest does not have, or must not see: known, and UNDEFINED without a word.
class HiddenRegisters {
public:
    static std::span<const SysRegRow<HiddenRegisters>> table();
};

}  // namespace trapeze::trap
