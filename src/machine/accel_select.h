#pragma once

#include <memory>

#include "trapeze/accel/accel.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

// Creates a VM with the first accelerator of the try-list that works on this host. When none does, the error
// names each entry with its reason.
Result<std::unique_ptr<accel::Vm>> select_accel(const MachineConfig& config, unsigned address_bits);

}  // namespace trapeze::machine
