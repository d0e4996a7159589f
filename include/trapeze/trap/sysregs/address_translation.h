// The AT instructions of EL1 (DDI0487 "A64 System instructions for address translation"), by the translation
// walker. All of them arrive where a kernel was told to trap them, and those of features that the guest does
// not have where they trap for that.
#pragma once

#include "trapeze/mem/walker.h"
#include "trapeze/trap/sysregs/id_registers.h"

namespace trapeze::trap {

// Of one vCPU, used on its thread. Without state of its own: registers are the accelerator's, PAR_EL1 too.
class AddressTranslation {
public:
    // `memory`, the guest's, outlives it.
    AddressTranslation(const IdRegisters& ids, const mem::GuestMemory& memory);
    static std::span<const SysRegRow<AddressTranslation>> table();

    SysRegWrite execute(CpuPort& cpu, arch::SysReg instruction, u64 va);

private:
    mem::MmuFeatures features_;  // const after the constructor
    const mem::DescriptorReader read_descriptor_;
};

}  // namespace trapeze::trap
