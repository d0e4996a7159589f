#include "irqchip.h"

#include <algorithm>

#include "trapeze/base/check.h"
#include "trapeze/irqchip/gicv2.h"
#include "trapeze/irqchip/gicv3.h"
#include "trapeze/irqchip/rvic.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

class UserspaceGicv3 final : public Irqchip {
public:
    UserspaceGicv3(unsigned vcpus, bus::CpuLineSink& lines)
        : gic_({.mpidrs = map::mpidrs(vcpus)}, lines), regions_(gicv3_redistributors(vcpus)) {}

    irqchip::Controller& controller() override { return gic_; }

    void map(bus::MmioBus& bus) override {
        bus.add(map::kGicDistributor, gic_.distributor());
        std::vector<u32> counts;
        u64 offset = 0;
        for (const Gicv3Region& region : regions_) {
            const u64 used = region.vcpus * irqchip::kGicv3RedistributorStride;
            bus.add({region.window.base, used}, gic_.redistributors(), offset);
            offset += used;
            counts.push_back(region.vcpus);
        }
        gic_.set_redistributor_regions(counts);
    }

    void add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu) override {
        gic_.add_sysregs(space, vcpu);
    }

    void describe(bus::FdtWriter& fdt) const override {
        irqchip::Gicv3::describe(fdt, map::kGicDistributor, gicv3_windows(regions_));
    }

private:
    irqchip::Gicv3 gic_;
    const std::vector<Gicv3Region> regions_;
};

class UserspaceGicv2 final : public Irqchip {
public:
    UserspaceGicv2(unsigned vcpus, bus::CpuLineSink& lines) : gic_({.vcpus = vcpus}, lines), vcpus_(vcpus) {}

    irqchip::Controller& controller() override { return gic_; }

    void map(bus::MmioBus& bus) override {
        bus.add(map::kGicDistributor, gic_.distributor());
        bus.add(map::kGicv2CpuInterface, gic_.cpu_interface());
    }

    void describe(bus::FdtWriter& fdt) const override {
        irqchip::Gicv2::describe(fdt, map::kGicDistributor, map::kGicv2CpuInterface);
    }
    bus::FdtInterrupts fdt_interrupts() const override { return gicv2_fdt_interrupts(vcpus_); }

private:
    irqchip::Gicv2 gic_;
    const unsigned vcpus_;
};

class UserspaceRvic final : public Irqchip {
public:
    UserspaceRvic(unsigned vcpus, mem::GpaRange ram, bus::CpuLineSink& lines)
        : rvic_({.mpidrs = map::mpidrs(vcpus)}, lines), has_doorbell_(!ram.overlaps(map::kRvicMsiDoorbell)) {}

    irqchip::Controller& controller() override { return rvic_; }

    void map(bus::MmioBus& bus) override {
        if (has_doorbell_) bus.add(map::kRvicMsiDoorbell, rvic_.msi_doorbell());
    }
    void add_hypercalls(trap::HypercallSpace& space) override { rvic_.add_hypercalls(space); }

    void describe(bus::FdtWriter& fdt) const override { rvic_.describe(fdt); }
    bus::FdtInterrupts fdt_interrupts() const override {
        return {.binding = bus::FdtInterrupts::Binding::Rvic};
    }

private:
    irqchip::Rvic rvic_;
    const bool has_doorbell_;
};

}  // namespace

bus::FdtInterrupts gicv2_fdt_interrupts(unsigned vcpus) {
    return {.ppi_cpu_mask = (1u << vcpus) - 1};
}

// The redistributors of the first vCPUs lie below the devices; those that do not fit there, above RAM.
std::vector<Gicv3Region> gicv3_redistributors(unsigned vcpus) {
    constexpr u64 kStride = irqchip::kGicv3RedistributorStride;
    const unsigned low = std::min(vcpus, static_cast<unsigned>(map::kGicRedistributors.size / kStride));
    std::vector<Gicv3Region> regions = {{map::kGicRedistributors, low}};
    if (vcpus > low) regions.push_back({map::kGicRedistributorsHigh, vcpus - low});
    return regions;
}

std::vector<mem::GpaRange> gicv3_windows(std::span<const Gicv3Region> regions) {
    std::vector<mem::GpaRange> windows;
    for (const Gicv3Region& region : regions) windows.push_back(region.window);
    return windows;
}

std::unique_ptr<Irqchip> make_irqchip(IrqchipKind kind, unsigned vcpus, mem::GpaRange ram,
                                      bus::CpuLineSink& lines) {
    switch (kind) {
        case IrqchipKind::Gicv3: return std::make_unique<UserspaceGicv3>(vcpus, lines);
        case IrqchipKind::Gicv2: return std::make_unique<UserspaceGicv2>(vcpus, lines);
        case IrqchipKind::Rvic: return std::make_unique<UserspaceRvic>(vcpus, ram, lines);
        case IrqchipKind::KernelGicv3:
        case IrqchipKind::KernelGicv2: break;
    }
    CHECK(false);
    return nullptr;
}

}  // namespace trapeze::machine
