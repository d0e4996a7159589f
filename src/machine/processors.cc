#include "processors.h"

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

}  // namespace

Result<std::unique_ptr<Processors>> Processors::create(const CpuConfig& config, unsigned count,
                                                       accel::Vm& vm) {
    if (count > vm.max_vcpus()) {
        return fail("-smp: {} vCPUs asked for; the number of SMP CPUs this host supports is {}", count,
                    vm.max_vcpus());
    }
    std::unique_ptr<Processors> p(new Processors);
    p->features_ = TRY(choose_features(config, vm.available_features()));
    for (unsigned n = 0; n < count; ++n) {
        auto accel = TRY(vm.create_vcpu(n, map::mpidr(n), p->features_));
        p->accels_.push_back(std::move(accel));
    }

    accel::Vcpu& first = *p->accels_.front();
    p->ids_ = std::make_unique<trap::IdRegisters>(
        [&first](arch::SysReg reg) { return first.get(reg); },
        trap::IdRegisters::Options{.pmu = p->features_.pmu, .gic_system_registers = true});
    p->caches_ = trap::read_cache_sizes([&first](u64 csselr) { return first.ccsidr(csselr); });
    for (const auto& accel : p->accels_) {
        // Refusal is no error: the guest sees our value in any case.
        for (const auto& [reg, value] : p->ids_->write_back()) (void)accel->set(reg, value);
    }
    for (unsigned n = 0; n < count; ++n) p->units_.push_back(std::make_unique<Unit>(*p->ids_, p->caches_));
    return p;
}

void Processors::connect(CpuSet& cpus, Platform& platform, const Firmware& firmware, vcpu::VcpuHost& host) {
    const vcpu::PrivateInterrupts irqs{map::kVirtualTimerIrq, map::kPhysicalTimerIrq, map::kPmuIrq};
    const vcpu::EntryFeatures entry{ids_->has_pan(), ids_->has_mte(), ids_->has_ssbs()};
    for (bus::VcpuIndex n = 0; n < units_.size(); ++n) {
        Unit& unit = *units_[n];
        trap::add_cpu_sysregs(unit.space, unit.registers);
        platform.gic().add_sysregs(unit.space, n);
        cpus.add(std::make_unique<vcpu::Vcpu>(vcpu::Vcpu::Config{n, irqs, entry}, std::move(accels_[n]),
                                              trap::Handlers{unit.space, firmware.calls(), platform.mmio()},
                                              platform.gic(), host),
                 map::mpidr(n));
    }
    accels_.clear();
}

}  // namespace trapeze::machine
