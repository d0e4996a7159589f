// A bank of interrupts and where each goes.
#pragma once

#include "gic/irq_bank.h"
#include "gicv3/types.h"

namespace trapeze::irqchip::gicv3 {

struct IrqBank : gic::IrqBank {
    IrqBank(u32 first, VcpuIndex owner_vcpu, u32 implemented_mask, u32 sgi_mask)
        : gic::IrqBank(first, implemented_mask, sgi_mask), owner(owner_vcpu) {
        queued_on.fill(kNoVcpu);
    }

    VcpuIndex owner;   // whose SGIs and PPIs these are; kNoVcpu for SPIs. Const after build
    u32 one_of_n = 0;  // GICD_IROUTER<n>.Interrupt_Routing_Mode

    // Maintained by Core alone.
    u32 floating = 0;  // those queued under the 1 of N model
    std::array<VcpuIndex, kBankSize> queued_on;

    // Everything but the wires.
    void reset() {
        gic::IrqBank::reset();
        one_of_n = 0;
    }
};

}  // namespace trapeze::irqchip::gicv3
