// The machine's side of a GIC that the accelerator emulates.
#pragma once

#include <memory>

#include "irqchip.h"
#include "irqchip_choice.h"
#include "trapeze/accel/accel.h"

namespace trapeze::machine {

// Creates it in `vm`, which has all its vCPUs and outlives it. nullptr: for the device tree of a machine that
// will never run (-machine dumpdtb=).
Result<std::unique_ptr<Irqchip>> make_kernel_irqchip(const IrqchipChoice& choice, unsigned vcpus,
                                                     accel::Vm* vm);

}  // namespace trapeze::machine
