#pragma once

#include <memory>

#include "irqchip_choice.h"
#include "trapeze/accel/accel.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

struct SelectedAccel {
    std::unique_ptr<accel::Vm> vm;
    IrqchipChoice irqchip;
};

// Creates a VM with the first accelerator of the try-list that works on this host and has the interrupt
// controller that is asked for. When none does, the error names each entry with its reason.
Result<SelectedAccel> select_accel(const MachineConfig& config, unsigned address_bits);

}  // namespace trapeze::machine
