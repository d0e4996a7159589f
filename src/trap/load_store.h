// Loads and stores to devices that the host could not describe: decoded from the instruction, and performed.
#pragma once

#include "trapeze/trap/dispatch.h"

namespace trapeze::trap {

// Executes the instruction at PC as it is now, with the registers and translation tables as they are now.
// These may have changed since the exit, by another vCPU; the guest could as well have got here a moment
// later.
//
// Each element of the access is where its virtual address says, on the bus or in RAM. Faults of stage 1 come
// before any access. On the bus an element of 16 bytes is two accesses, the lower first.
//
// Atomics are a read and a write, not atomic for other vCPUs (DDI0487 "Atomic instructions", of memory that
// does not support them). Exclusives have a local monitor only ("Exclusive access instructions and Shareable
// memory locations", of memory without a global monitor). What does not decode is an external abort.
Outcome execute_load_store(const UndescribedMmioTrap& trap, CpuPort& cpu, const Handlers& handlers);

}  // namespace trapeze::trap
