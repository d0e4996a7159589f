// Execution of a case, at EL1 or EL3.
#pragma once

#include "case.h"

namespace at {

u64 current_el();
Cpu read_cpu(u64 el, u64 (&id)[kIdRegisters]);

// Installs the tables and registers, executes the instruction, and takes the tables away. Returns the
// record's fields `result` and `exception`.
struct Outcome {
    u64 result;
    bool exception;
};
Outcome execute(const Cpu& cpu, const Case& c);
// The descriptor as it is in memory, which depends on SCTLR_ELx.EE.
u64 in_memory(const Case& c, const Entry& entry);

}  // namespace at
