#include "irqchip.h"

#include <algorithm>

#include "trapeze/base/check.h"
#include "trapeze/irqchip/gicv3.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

std::vector<u64> mpidrs(unsigned vcpus) {
    std::vector<u64> list;
    for (unsigned n = 0; n < vcpus; ++n) list.push_back(map::mpidr(n));
    return list;
}

class UserspaceGicv3 final : public Irqchip {
public:
    UserspaceGicv3(unsigned vcpus, bus::CpuLineSink& lines)
        : gic_({.mpidrs = mpidrs(vcpus)}, lines), regions_(gicv3_redistributors(vcpus)) {}

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

    void add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu) override { gic_.add_sysregs(space, vcpu); }

    void describe(bus::FdtWriter& fdt) const override {
        irqchip::Gicv3::describe(fdt, map::kGicDistributor, gicv3_windows(regions_));
    }

private:
    irqchip::Gicv3 gic_;
    const std::vector<Gicv3Region> regions_;
};

}  // namespace

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

std::unique_ptr<Irqchip> make_irqchip(IrqchipKind kind, unsigned vcpus, bus::CpuLineSink& lines) {
    switch (kind) {
        case IrqchipKind::Gicv3: return std::make_unique<UserspaceGicv3>(vcpus, lines);
        case IrqchipKind::Gicv2:
        case IrqchipKind::Rvic:
        case IrqchipKind::KernelGicv3:
        case IrqchipKind::KernelGicv2: break;
    }
    CHECK(false);
    return nullptr;
}

}  // namespace trapeze::machine
