// What every vCPU is doing, at one instant: the explanation of a hang.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "symbol_table.h"
#include "trapeze/arch/pstate.h"
#include "trapeze/debug/machine_control.h"
#include "trapeze/irqchip/controller.h"

namespace trapeze::ci {

struct CpuReport {
    vcpu::PowerState power = vcpu::PowerState::Off;
    bool asleep = false;  // in WFI
    // Meaningful unless it is off.
    u64 pc = 0;
    u64 lr = 0;
    u64 sp = 0;
    arch::Pstate pstate;
    u64 sctlr = 0, vbar = 0, elr = 0, esr = 0, far = 0;  // of EL1
    irqchip::CpuView irqchip;
};

struct MachineReport {
    std::vector<CpuReport> cpus;
    std::string irqchip;  // its name; empty: none is known
    std::vector<irqchip::IrqView> shared_irqs;
};

// Which vCPUs sleep in WFI, while the machine runs: a vCPU that is paused no longer does.
std::vector<bool> sleeping_cpus(debug::MachineControl& machine);

// The machine is paused. `asleep` is from just before; `irqchip` may be nullptr.
MachineReport take_report(debug::MachineControl& machine, const irqchip::Controller* irqchip,
                          const std::vector<bool>& asleep);

// By how much a kernel runs above the addresses in its symbol table (KASLR): the distance between VBAR_EL1
// and the symbol "vectors" on the first vCPU where that is a multiple of 64 KiB. 0 if there is no such vCPU.
u64 find_slide(const MachineReport& report, const SymbolTable& symbols);

// Lines without ends.
std::vector<std::string> describe(const MachineReport& report, const SymbolTable& symbols);

}  // namespace trapeze::ci
