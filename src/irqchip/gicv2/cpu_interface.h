// The GICC register frame (IHI0048 "CPU interface register descriptions").
#pragma once

#include "gicv2/core.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gicv2 {

// What the rows see during one access: every register is banked by vCPU.
struct CpuFrame {
    Core& core;
    VcpuIndex index;

    Vcpu& vcpu() { return core.vcpu(index); }
    CpuRegs& regs() { return vcpu().regs; }
    void changed() { core.cpu_changed(vcpu()); }

    static const bus::RegisterMap<CpuFrame>& registers();
};

class CpuInterface final : public bus::MmioDevice {
public:
    explicit CpuInterface(SharedCore& shared) : shared_(shared) {}

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override { shared_.begin()->reset(); }
    std::string_view name() const override { return "gicc"; }

private:
    SharedCore& shared_;
};

}  // namespace trapeze::irqchip::gicv2
