#include "trapeze/irqchip/gicv3.h"

#include <deque>

#include "gicv3/cpu_interface.h"
#include "gicv3/distributor.h"
#include "gicv3/redistributor.h"
#include "gicv3/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip {

using bus::VcpuIndex;

struct Gicv3::Impl {
    Impl(const Gicv3Config& config, bus::CpuLineSink& lines)
        : vcpu_count(static_cast<VcpuIndex>(config.mpidrs.size())),
          intid_count(gicv3::kFirstSpi + config.spi_count),
          shared(config, lines),
          distributor(shared),
          redistributors(shared) {
        for (VcpuIndex i = 0; i < vcpu_count; ++i) cpu_interfaces.emplace_back(shared, i);
    }

    void check_spi(bus::IntId id) const {
        CHECK(to_number(id) >= gicv3::kFirstSpi && to_number(id) < intid_count);
    }

    // Const after build, except what `shared` guards itself.
    const VcpuIndex vcpu_count;
    const u32 intid_count;
    gicv3::SharedCore shared;
    gicv3::Distributor distributor;
    gicv3::Redistributors redistributors;
    std::deque<gicv3::CpuInterface> cpu_interfaces;
};

Gicv3::Gicv3(const Gicv3Config& config, bus::CpuLineSink& lines)
    : impl_(std::make_unique<Impl>(config, lines)) {}
Gicv3::~Gicv3() = default;

bus::MmioDevice& Gicv3::distributor() {
    return impl_->distributor;
}
bus::MmioDevice& Gicv3::redistributors() {
    return impl_->redistributors;
}
void Gicv3::set_redistributor_regions(std::span<const u32> counts) {
    impl_->shared.begin()->set_redistributor_regions(counts);
}

void Gicv3::add_sysregs(trap::SysRegSpace& space, VcpuIndex vcpu) {
    CHECK(vcpu < impl_->vcpu_count);
    space.add(impl_->cpu_interfaces[vcpu], gicv3::CpuInterface::rows());
}

void Gicv3::reset() {
    impl_->shared.begin()->reset();
}
void Gicv3::reset_cpu(VcpuIndex vcpu) {
    CHECK(vcpu < impl_->vcpu_count);
    impl_->shared.begin()->reset_cpu(vcpu);
}

void Gicv3::set_level(bus::IntId id, bool level) {
    impl_->check_spi(id);
    auto core = impl_->shared.begin();
    TRACE(gicv3::trace::gicv3_dist_set_irq, "INTID {} level {}", to_number(id), level);
    gicv3::IrqBank& bank = *core->spi_bank(to_number(id) / gicv3::kBankSize);
    bank.set_wire(to_number(id) % gicv3::kBankSize, level);
    core->bank_changed(bank);
}

void Gicv3::pulse(bus::IntId id) {
    impl_->check_spi(id);
    auto core = impl_->shared.begin();
    TRACE(gicv3::trace::gicv3_dist_set_irq, "INTID {} pulse", to_number(id));
    gicv3::IrqBank& bank = *core->spi_bank(to_number(id) / gicv3::kBankSize);
    bank.set_wire(to_number(id) % gicv3::kBankSize, true);
    bank.set_wire(to_number(id) % gicv3::kBankSize, false);
    core->bank_changed(bank);
}

void Gicv3::set_private_level(VcpuIndex vcpu, bus::IntId id, bool level) {
    CHECK(vcpu < impl_->vcpu_count && to_number(id) >= gicv3::kSgiCount &&
          to_number(id) < gicv3::kPrivateCount);
    auto core = impl_->shared.begin();
    TRACE(gicv3::trace::gicv3_redist_set_irq, "vCPU {}: INTID {} level {}", vcpu, to_number(id), level);
    gicv3::IrqBank& bank = core->vcpu(vcpu).bank;
    bank.set_wire(to_number(id), level);
    core->bank_changed(bank);
}

u32 Gicv3::intid_count() const {
    return impl_->intid_count;
}

Gicv3IrqState Gicv3::irq_state(bus::IntId id, VcpuIndex vcpu) const {
    CHECK(to_number(id) < impl_->intid_count && vcpu < impl_->vcpu_count);
    auto core = impl_->shared.begin();
    const gicv3::IrqBank& bank = *core->bank_of(to_number(id), vcpu);
    const unsigned n = to_number(id) % gicv3::kBankSize;
    const auto flag = [n](u32 word) { return (word >> n & 1u) != 0; };
    Gicv3IrqState state;
    state.group = static_cast<u8>(gicv3::index_of(bank.group_of(n)));
    state.priority = bank.priority[n];
    state.enabled = flag(bank.enabled);
    state.pending = flag(bank.pending());
    state.active = flag(bank.active);
    state.level = flag(bank.wire);
    state.edge = flag(bank.edge);
    if (to_number(id) >= gicv3::kFirstSpi) state.irouter = core->irouter(to_number(id));
    if (bank.queued_on[n] != gicv3::kNoVcpu) state.target = bank.queued_on[n];
    return state;
}

Controller::Activity Gicv3::activity(bus::IntId id) const {
    const VcpuIndex banks = to_number(id) < gicv3::kPrivateCount ? impl_->vcpu_count : 1;
    Activity any;
    for (VcpuIndex vcpu = 0; vcpu < banks; ++vcpu) {
        const Gicv3IrqState state = irq_state(id, vcpu);
        any.pending |= state.pending;
        any.active |= state.active;
    }
    return any;
}

Gicv3CpuState Gicv3::cpu_state(VcpuIndex vcpu) const {
    CHECK(vcpu < impl_->vcpu_count);
    auto core = impl_->shared.begin();
    const gicv3::Vcpu& v = core->vcpu(vcpu);
    return {v.asleep, v.regs.pmr, gicv3::running_priority(v.regs), core->highest_pending(v).intid,
            v.irq,    v.fiq};
}

}  // namespace trapeze::irqchip
