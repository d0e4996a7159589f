// The GICR register frames, RD_base and SGI_base, of every vCPU (IHI0069 "The GIC Redistributor register
// map").
#pragma once

#include "gicv3/core.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gicv3 {

// What the rows see during one access: the redistributor that it hit, which need not be the accessing vCPU's.
struct RedistributorFrame {
    Core& core;
    VcpuIndex index;

    Vcpu& vcpu() { return core.vcpu(index); }
    IrqBank* bank(u32) { return &vcpu().bank; }
    void changed(IrqBank& bank, u32 reprioritised) { core.bank_changed(bank, reprioritised); }

    // Offsets count from RD_base; SGI_base follows at 0x10000.
    static const bus::RegisterMap<RedistributorFrame>& registers();
};

// The frames of all vCPUs, kGicv3RedistributorStride apart.
class Redistributors final : public bus::MmioDevice {
public:
    explicit Redistributors(SharedCore& shared) : shared_(shared) {}

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override { shared_.begin()->reset(); }
    std::string_view name() const override { return "gicr"; }

private:
    SharedCore& shared_;
};

}  // namespace trapeze::irqchip::gicv3
