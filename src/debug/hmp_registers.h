// vCPU registers for the monitor and for core dumps, and memory as a vCPU sees it. All inside
// MachineControl::inspect().
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "trapeze/debug/machine_control.h"
#include "trapeze/mem/walker.h"

namespace trapeze::debug {

// X0 to X30, SP of the current Exception level, PC and PSTATE: struct user_pt_regs of Linux.
struct GeneralRegisters {
    u64 x[31];
    u64 sp;
    u64 pc;
    u64 pstate;
};
GeneralRegisters read_general_registers(MachineControl& machine, std::size_t cpu);

// By gdb's names (x0, w0, sp, pc, lr, fp, pstate, cpsr) or a system register's, in any case.
std::optional<u64> named_register(MachineControl& machine, std::size_t cpu, std::string_view name);

// As `info registers` shows them.
std::string describe_registers(MachineControl& machine, std::size_t cpu);
// One line per system register that can be read.
std::string describe_sysregs(MachineControl& machine, std::size_t cpu);

// Guest virtual addresses through stage 1 of one vCPU, permissions aside. Holds the MMU's registers of the
// moment it was made.
class AddressSpace {
public:
    AddressSpace(MachineControl& machine, std::size_t cpu);
    mem::WalkResult translate(mem::Gva va) const;
    // False when a byte is not mapped, or is not RAM; `to` may then be written in part.
    bool read(mem::Gva va, std::span<u8> to) const;

private:
    const mem::GuestMemory& memory_;
    const mem::MmuFeatures features_;
    const mem::El10Registers registers_;  // those that features_ says exist
    const mem::DescriptorReader reader_;
};

}  // namespace trapeze::debug
