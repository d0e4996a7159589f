// The system registers of a vCPU apart from the interrupt controller's, as one set, and their documentation.
#pragma once

#include <string>

#include "trapeze/trap/sysregs/address_translation.h"
#include "trapeze/trap/sysregs/cache.h"
#include "trapeze/trap/sysregs/debug.h"
#include "trapeze/trap/sysregs/id_registers.h"
#include "trapeze/trap/sysregs/misc.h"
#include "trapeze/trap/sysregs/timer.h"

namespace trapeze::trap {

// The owners of the rows, one set per vCPU. What they are made of is the machine's and outlives the vCPU.
struct PerVcpuSysRegs {
    PerVcpuSysRegs(const IdRegisters& ids, const CacheSizes& caches, const mem::GuestMemory& memory)
        : id(ids), cache(ids, caches), debug(ids), timer(ids), misc(ids), translation(ids, memory) {}

    // PE reset, for the state that the accelerator does not hold.
    void reset() { cache.set_csselr(0); }

    IdRegisterRows id;
    CacheRegisters cache;
    DebugRegisters debug;
    TimerRegisters timer;
    MiscRegisters misc;
    AddressTranslation translation;
    HiddenRegisters hidden;
};

// Adds every row. `registers` outlives the space.
void add_cpu_sysregs(SysRegSpace& space, PerVcpuSysRegs& registers);

// docs/sysregs.md and the text of --list-sysregs: a Markdown table of the registers that can be accessed,
// then the hidden ones by reason. Lines end in '\n'.
std::string sysregs_markdown(const SysRegSpace& space);

}  // namespace trapeze::trap
