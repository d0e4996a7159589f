#include "kernel_irqchip.h"

#include "kernel_gic_controller.h"
#include "trapeze/irqchip/gicv2.h"
#include "trapeze/irqchip/gicv3.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

// As QEMU's virt has it.
constexpr u32 kSpiCount = 256;

class KernelGicv3 final : public Irqchip {
public:
    KernelGicv3(unsigned vcpus, bool its) : regions_(gicv3_redistributors(vcpus)) {
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
    std::optional<mem::GpaRange> its_;  // const after construction
    KernelGicv3Controller controller_{kSpiCount};
};

class KernelGicv2 final : public Irqchip {
public:
    explicit KernelGicv2(unsigned vcpus) : vcpus_(vcpus) {}

    Result<> create(accel::Vm& vm) {
        accel::KernelGicConfig config;
        config.version = 2;
        config.spi_count = kSpiCount;
        config.distributor = map::kGicDistributor;
        config.cpu_interface = map::kGicv2CpuInterface;
        controller_.set_gic(TRY(vm.create_gic(config)));
        return {};
    }

    irqchip::Controller& controller() override { return controller_; }

    void describe(bus::FdtWriter& fdt) const override {
        irqchip::Gicv2::describe(fdt, map::kGicDistributor, map::kGicv2CpuInterface);
    }
    bus::FdtInterrupts fdt_interrupts() const override { return gicv2_fdt_interrupts(vcpus_); }

private:
    const unsigned vcpus_;
    KernelGicv2Controller controller_{kSpiCount};
};

template <typename Gic>
Result<std::unique_ptr<Irqchip>> create_in(accel::Vm* vm, std::unique_ptr<Gic> gic) {
    if (vm != nullptr) TRY(gic->create(*vm));
    return gic;
}

}  // namespace

Result<std::unique_ptr<Irqchip>> make_kernel_irqchip(const IrqchipChoice& choice, unsigned vcpus,
                                                     accel::Vm* vm) {
    if (choice.kind == IrqchipKind::KernelGicv2) return create_in(vm, std::make_unique<KernelGicv2>(vcpus));
    return create_in(vm, std::make_unique<KernelGicv3>(vcpus, choice.its));
}

}  // namespace trapeze::machine
