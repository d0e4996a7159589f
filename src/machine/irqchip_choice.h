// Which interrupt controller a machine gets: what the command line asks for against what an accelerator can do
// on this host.
#pragma once

#include "trapeze/accel/accel.h"
#include "trapeze/machine/config.h"

namespace trapeze::machine {

struct IrqchipChoice {
    IrqchipKind kind = IrqchipKind::Gicv3;
    bool its = false;
    bool sdei = true;
};

constexpr bool is_in_kernel(IrqchipKind kind) {
    return kind == IrqchipKind::KernelGicv3 || kind == IrqchipKind::KernelGicv2;
}
// An impossible combination is an error that says why, and names the nearest one that works.
Result<IrqchipChoice> choose_irqchip(const IrqchipConfig& config, const AccelConfig& accel,
                                     const accel::IrqchipSupport& support, unsigned vcpus);

}  // namespace trapeze::machine
