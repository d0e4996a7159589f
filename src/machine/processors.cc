#include "processors.h"

#include "irqchip_choice.h"
#include "trapeze/base/bits.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

Result<bool> choose(const char* name, OnOffAuto wanted, bool available) {
    if (wanted == OnOffAuto::On && !available)
        return fail("-cpu: {}=on, but this host cannot give a guest {}", name, name);
    return wanted != OnOffAuto::Off && available;
}

Result<accel::VcpuFeatures> choose_features(const CpuConfig& config, const accel::VcpuFeatures& available) {
    accel::VcpuFeatures features;
    features.pmu = TRY(choose("pmu", config.pmu, available.pmu));
    features.sve = TRY(choose("sve", config.sve, available.sve));
    features.pauth = TRY(choose("pauth", config.pauth, available.pauth));
    return features;
}

void hide_gicv3_registers(accel::Vcpu& vcpu) {
    constexpr arch::SysReg kReg = arch::reg::ID_AA64PFR0_EL1;
    using Gic = Field<27, 24>;
    if (const auto value = vcpu.get(kReg)) (void)vcpu.set(kReg, Gic::set(*value, 0));
}

}  // namespace

bool Processors::has_gicv3_registers() const {
    return irqchip_ == IrqchipKind::Gicv3 || irqchip_ == IrqchipKind::KernelGicv3;
}

Result<std::unique_ptr<Processors>> Processors::create(const CpuConfig& config, unsigned count,
                                                       accel::Vm& vm, const IrqchipChoice& irqchip) {
    if (count > vm.max_vcpus()) {
        return fail("-smp: {} vCPUs asked for; the number of SMP CPUs this host supports is {}", count,
                    vm.max_vcpus());
    }
    const bool in_kernel = is_in_kernel(irqchip.kind);
    if (!in_kernel || irqchip.sdei) TRY(vm.forward_calls(in_kernel));
    std::unique_ptr<Processors> p(new Processors(irqchip.kind, vm));
    p->features_ = TRY(choose_features(config, vm.available_features()));
    for (unsigned n = 0; n < count; ++n) {
        auto accel = TRY(vm.create_vcpu(n, map::mpidr(n), p->features_));
        p->accels_.push_back(std::move(accel));
    }
    return p;
}

Result<> Processors::finish(accel::Vm& vm, const mem::GuestMemory& memory) {
    TRY(vm.finish_vcpus(to_number(map::kPmuIrq)));
    accel::Vcpu& first = *accels_.front();
    ids_ = std::make_unique<trap::IdRegisters>(
        [&first](arch::SysReg reg) { return first.get(reg); },
        trap::IdRegisters::Options{.pmu = features_.pmu, .gic_system_registers = has_gicv3_registers()});
    caches_ = trap::read_cache_sizes([&first](u64 csselr) { return first.ccsidr(csselr); });
    // Refusal is no error: where accesses trap the guest sees our value in any case, and elsewhere the kernel
    // knows better. There, its own values stand, but for a GIC that it does not have.
    for (const auto& accel : accels_) {
        if (traps_everything_) {
            for (const auto& [reg, value] : ids_->write_back()) (void)accel->set(reg, value);
        } else if (!has_gicv3_registers()) {
            hide_gicv3_registers(*accel);
        }
    }
    for (std::size_t n = 0; n < accels_.size(); ++n)
        units_.push_back(std::make_unique<Unit>(*ids_, caches_, memory));
    return {};
}

void Processors::connect(CpuSet& cpus, Platform& platform, const Firmware& firmware, mem::GuestMemory& memory,
                         bus::IrqSink& irqs, vcpu::VcpuHost& host) {
    const vcpu::PrivateInterrupts intids{map::kVirtualTimerIrq, map::kPhysicalTimerIrq, map::kPmuIrq};
    const vcpu::EntryFeatures entry{ids_->has_pan(), ids_->has_mte(), ids_->has_ssbs()};
    for (bus::VcpuIndex n = 0; n < units_.size(); ++n) {
        Unit& unit = *units_[n];
        // Where accesses do not trap, the accelerator's registers are all there is, for debuggers too.
        if (traps_everything_) trap::add_cpu_sysregs(unit.space, unit.registers);
        platform.irqchip().add_sysregs(unit.space, n);
        cpus.add(std::make_unique<vcpu::Vcpu>(
                     vcpu::Vcpu::Config{n, intids, entry, accel_manages_power_}, std::move(accels_[n]),
                     trap::Handlers{unit.space, firmware.calls(), platform.mmio(), memory}, irqs, host),
                 map::mpidr(n));
    }
    accels_.clear();
}

}  // namespace trapeze::machine
