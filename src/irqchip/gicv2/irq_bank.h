// A bank of interrupts, whom each may interrupt, and who sent its SGIs.
#pragma once

#include "gic/irq_bank.h"
#include "gicv2/types.h"

namespace trapeze::irqchip::gicv2 {

struct IrqBank : gic::IrqBank {
    IrqBank(u32 first, CpuMask reset_targets, u32 implemented_mask, u32 sgi_mask)
        : gic::IrqBank(first, implemented_mask, sgi_mask), targets_at_reset(reset_targets) {}

    CpuMask targets_at_reset;  // const after build

    std::array<CpuMask, kBankSize> targets{};

    // Of SGIs. One is pending, so `latched`, while any vCPU has sent it and it has not been acknowledged for
    // that vCPU.
    std::array<CpuMask, kSgiCount> pending_from{};
    // By whom the active one was sent; kUnknownSource if software made it active.
    static constexpr VcpuIndex kUnknownSource = ~VcpuIndex{0};
    std::array<VcpuIndex, kSgiCount> active_from{};

    // Maintained by Core alone.
    std::array<CpuMask, kBankSize> queued_to{};

    // Everything but the wires. SGIs cannot be disabled.
    void reset() {
        gic::IrqBank::reset();
        enabled = sgis;
        targets.fill(targets_at_reset);
        pending_from.fill(0);
        active_from.fill(kUnknownSource);
    }
};

}  // namespace trapeze::irqchip::gicv2
