// vCPU registers for the monitor and for core dumps. All inside MachineControl::inspect().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trapeze/debug/machine_control.h"

namespace trapeze::debug {

// X0 to X30, SP of the current Exception level, PC and PSTATE: struct user_pt_regs of Linux.
struct GeneralRegisters {
    u64 x[31];
    u64 sp;
    u64 pc;
    u64 pstate;
};
GeneralRegisters read_general_registers(MachineControl& machine, std::size_t cpu);

// Of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// By gdb's names (x0, w0, sp, pc, lr, fp, pstate, cpsr) or a system register's, in any case.
std::optional<u64> named_register(MachineControl& machine, std::size_t cpu, std::string_view name);

// As `info registers` shows them.
std::string describe_registers(MachineControl& machine, std::size_t cpu);
// One line per system register that can be read.
std::string describe_sysregs(MachineControl& machine, std::size_t cpu);

}  // namespace trapeze::debug
