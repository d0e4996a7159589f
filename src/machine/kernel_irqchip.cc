#include "kernel_irqchip.h"

#include "kernel_gic_controller.h"
#include "trapeze/irqchip/gicv3.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

// As QEMU's virt has it.
constexpr u32 kSpiCount = 256;

class KernelGicv3 final : public Irqchip {
public:
    KernelGicv3(unsigned vcpus, bool its) : regions_(gicv3_redistributors(vcpus)), vcpus_(vcpus) {
        if (its) its_ = map::kGicIts;
    }

    Result<> create(accel::Vm& vm) {
        accel::KernelGicConfig config;
        config.version = 3;
        config.spi_count = kSpiCount;
        config.distributor = map::kGicDistributor;
        for (const Gicv3Region& region : regions_) {
            config.redistributors.push_back(
                {region.window.base, region.vcpus * irqchip::kGicv3RedistributorStride});
        }
        config.its = its_;
        controller_.set_gic(TRY(vm.create_gic(config)));
        return {};
    }

    irqchip::Controller& controller() override { return controller_; }

    void add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu) override {
        controller_.add_sysregs(space, vcpu);
    }

    void describe(bus::FdtWriter& fdt) const override {
        irqchip::Gicv3::describe(fdt, map::kGicDistributor, gicv3_windows(regions_), its_);
    }

private:
    const std::vector<Gicv3Region> regions_;
    const unsigned vcpus_;
    std::optional<mem::GpaRange> its_;  // const after construction
    KernelGicv3Controller controller_{vcpus_, kSpiCount};
};

}  // namespace

Result<std::unique_ptr<Irqchip>> make_kernel_irqchip(const IrqchipChoice& choice, unsigned vcpus,
                                                     accel::Vm& vm) {
    auto gic = std::make_unique<KernelGicv3>(vcpus, choice.its);
    TRY(gic->create(vm));
    return gic;
}

std::unique_ptr<Irqchip> make_kernel_irqchip_for_description(const IrqchipChoice& choice, unsigned vcpus) {
    return std::make_unique<KernelGicv3>(vcpus, choice.its);
}

}  // namespace trapeze::machine
