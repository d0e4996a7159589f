// The GICD register frame (IHI0069 "The GIC Distributor register map").
#pragma once

#include <span>

#include "gicv3/core.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gicv3 {

// What the distributor's rows see during one access.
struct DistributorFrame {
    Core& core;

    // With affinity routing SGIs and PPIs are the redistributors' (IHI0069 "GICD_ISENABLER<n>").
    IrqBank* bank(u32 n) { return core.spi_bank(n); }
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

}  // namespace trapeze::irqchip::gicv3
