// One exit to one outcome.
#pragma once

#include "trapeze/bus/mmio.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/trap/hypercall_table.h"
#include "trapeze/trap/outcome.h"
#include "trapeze/trap/sysreg_table.h"
#include "trapeze/trap/trap.h"

namespace trapeze::trap {

// Everything a vCPU's exits can reach. The referenced objects outlive the vCPU.
struct Handlers {
    const SysRegSpace& sysregs;        // this vCPU's
    const HypercallSpace& hypercalls;  // the machine's
    const bus::MmioBus& mmio;          // the machine's
    mem::GuestMemory& memory;          // the machine's
};

// Runs on the vCPU's thread. Total: every trap gives an outcome, and no guest input can make it fail.
Outcome dispatch(const Trap& trap, CpuPort& cpu, const Handlers& handlers);

// What the instruction at PC does to the monitor of a Load-Exclusive that was emulated.
enum class MonitorUse : u8 { None, StoreExclusive, Clear };
MonitorUse monitor_use_at_pc(CpuPort& cpu, const Handlers& handlers);

}  // namespace trapeze::trap
