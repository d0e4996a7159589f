// The GICD register frame (IHI0048 "Distributor register descriptions").
#pragma once

#include "gicv2/core.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gicv2 {

// What the rows see during one access: the registers of SGIs and PPIs are banked by vCPU.
struct DistributorFrame {
    Core& core;
    VcpuIndex index;

    Vcpu& vcpu() { return core.vcpu(index); }
    IrqBank* bank(u32 n) { return core.bank(n, index); }
    void changed(IrqBank& bank, u32 reprioritised) { core.bank_changed(bank, reprioritised); }

    static const bus::RegisterMap<DistributorFrame>& registers();
};

class Distributor final : public bus::MmioDevice {
public:
    explicit Distributor(SharedCore& shared) : shared_(shared) {}

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override { shared_.begin()->reset(); }
    std::string_view name() const override { return "gicd"; }

private:
    SharedCore& shared_;
};

}  // namespace trapeze::irqchip::gicv2
