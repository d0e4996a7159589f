// An ELF core of the whole machine, which gdb and crash open.
#pragma once

#include <string>

#include "trapeze/base/result.h"
#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

// Pages that hold only zeros become holes. A file that could not be written completely is removed. Pauses the
// machine meanwhile.
//
// PT_NOTE has one NT_PRSTATUS per vCPU, in order, and VMCOREINFO if a Linux guest has put one into its
// memory. One PT_LOAD per region of RAM has its physical address as virtual address too, as QEMU has it.
Result<> write_core_dump(MachineControl& machine, const std::string& path);

}  // namespace trapeze::debug
