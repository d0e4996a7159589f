// The vCPU as a handler sees it: reads of the state that the trapped instruction can depend on. All calls are
// made on the vCPU's own thread, between exit and completion.
#pragma once

#include "trapeze/arch/pstate.h"
#include "trapeze/arch/sysreg.h"
#include "trapeze/bus/irq.h"

namespace trapeze::trap {

class CpuPort {
public:
    virtual ~CpuPort() = default;

    virtual bus::VcpuIndex index() const = 0;
    // Address of the trapped instruction, or of the one after it for HVC.
    virtual u64 pc() const = 0;
    // Xn; n = 31 reads as zero. Fetched on first use, once per exit.
    virtual u64 x(unsigned n) = 0;
    virtual arch::Pstate pstate() = 0;
    // System register state that the accelerator keeps for the vCPU (what a save would contain). One that this
    // host's accelerator does not have, or a value it refuses, reads as zero or is ignored, with a diagnostic:
    // which it is can depend on what the guest writes.
    virtual u64 sysreg(arch::SysReg reg) = 0;
    virtual void set_sysreg(arch::SysReg reg, u64 value) = 0;
};

}  // namespace trapeze::trap
