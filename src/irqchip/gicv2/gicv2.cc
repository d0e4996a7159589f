#include "trapeze/irqchip/gicv2.h"

#include "gicv2/cpu_interface.h"
#include "gicv2/distributor.h"
#include "gicv2/trace.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip {

using bus::VcpuIndex;

struct Gicv2::Impl {
    Impl(const Gicv2Config& config, bus::CpuLineSink& lines)
        : vcpu_count(config.vcpus),
          intid_count(gicv2::kFirstSpi + config.spi_count),
          shared(config, lines),
          distributor(shared),
          cpu_interface(shared) {}

    void check_spi(bus::IntId id) const {
        CHECK(to_number(id) >= gicv2::kFirstSpi && to_number(id) < intid_count);
    }

    // Const after build, except what `shared` guards itself.
    const VcpuIndex vcpu_count;
    const u32 intid_count;
    gicv2::SharedCore shared;
    gicv2::Distributor distributor;
    gicv2::CpuInterface cpu_interface;
};

Gicv2::Gicv2(const Gicv2Config& config, bus::CpuLineSink& lines)
    : impl_(std::make_unique<Impl>(config, lines)) {}
Gicv2::~Gicv2() = default;

bus::MmioDevice& Gicv2::distributor() {
    return impl_->distributor;
}
bus::MmioDevice& Gicv2::cpu_interface() {
    return impl_->cpu_interface;
}

void Gicv2::reset() {
    impl_->shared.begin()->reset();
}
void Gicv2::reset_cpu(VcpuIndex vcpu) {
    CHECK(vcpu < impl_->vcpu_count);
    impl_->shared.begin()->reset_cpu(vcpu);
}

void Gicv2::set_level(bus::IntId id, bool level) {
    impl_->check_spi(id);
    auto core = impl_->shared.begin();
    TRACE(gicv2::trace::gicv2_dist_set_irq, "INTID {} level {}", to_number(id), level);
    gicv2::IrqBank& bank = *core->bank_of(to_number(id), 0);
    bank.set_wire(to_number(id) % gicv2::kBankSize, level);
    core->bank_changed(bank);
}

void Gicv2::pulse(bus::IntId id) {
    impl_->check_spi(id);
    auto core = impl_->shared.begin();
    TRACE(gicv2::trace::gicv2_dist_set_irq, "INTID {} pulse", to_number(id));
    gicv2::IrqBank& bank = *core->bank_of(to_number(id), 0);
    bank.set_wire(to_number(id) % gicv2::kBankSize, true);
    bank.set_wire(to_number(id) % gicv2::kBankSize, false);
    core->bank_changed(bank);
}

void Gicv2::set_private_level(VcpuIndex vcpu, bus::IntId id, bool level) {
    CHECK(vcpu < impl_->vcpu_count && to_number(id) >= gicv2::kSgiCount &&
          to_number(id) < gicv2::kPrivateCount);
    auto core = impl_->shared.begin();
    TRACE(gicv2::trace::gicv2_dist_set_private_irq, "vCPU {}: INTID {} level {}", vcpu, to_number(id), level);
    gicv2::IrqBank& bank = core->vcpu(vcpu).bank;
    bank.set_wire(to_number(id), level);
    core->bank_changed(bank);
}

u32 Gicv2::intid_count() const {
    return impl_->intid_count;
}

Gicv2IrqState Gicv2::irq_state(bus::IntId id, VcpuIndex vcpu) const {
    CHECK(to_number(id) < impl_->intid_count && vcpu < impl_->vcpu_count);
    auto core = impl_->shared.begin();
    const gicv2::IrqBank& bank = *core->bank_of(to_number(id), vcpu);
    const unsigned n = to_number(id) % gicv2::kBankSize;
    const auto flag = [n](u32 word) { return (word >> n & 1u) != 0; };
    Gicv2IrqState state;
    state.group = static_cast<u8>(gicv2::index_of(bank.group_of(n)));
    state.priority = bank.priority[n];
    state.enabled = flag(bank.enabled);
    state.pending = flag(bank.pending());
    state.active = flag(bank.active);
    state.level = flag(bank.wire);
    state.edge = flag(bank.edge);
    state.targets = bank.targets[n];
    state.offered_to = bank.queued_to[n];
    if (to_number(id) < gicv2::kSgiCount) {
        state.pending_from = bank.pending_from[n];
        if (state.active && bank.active_from[n] != bank.kUnknownSource)
            state.active_from = bank.active_from[n];
    }
    return state;
}

Controller::Activity Gicv2::activity(bus::IntId id) const {
    const VcpuIndex banks = to_number(id) < gicv2::kPrivateCount ? impl_->vcpu_count : 1;
    Activity any;
    for (VcpuIndex vcpu = 0; vcpu < banks; ++vcpu) {
        const Gicv2IrqState state = irq_state(id, vcpu);
        any.pending |= state.pending;
        any.active |= state.active;
    }
    return any;
}

Gicv2CpuState Gicv2::cpu_state(VcpuIndex vcpu) const {
    CHECK(vcpu < impl_->vcpu_count);
    auto core = impl_->shared.begin();
    const gicv2::Vcpu& v = core->vcpu(vcpu);
    return {v.regs.group_enable[0],
            v.regs.group_enable[1],
            v.regs.pmr,
            gicv2::running_priority(v.regs),
            core->highest_pending(v).intid,
            v.irq,
            v.fiq};
}

}  // namespace trapeze::irqchip
