#include "trapeze/irqchip/rvic.h"

#include "rvic/calls.h"
#include "rvic/doorbell.h"
#include "rvic/trace.h"
#include "trapeze/arch/rvic.h"
#include "trapeze/base/check.h"

namespace trapeze::irqchip {

using bus::VcpuIndex;

struct Rvic::Impl {
    Impl(const RvicConfig& config, bus::CpuLineSink& lines, bus::MsiSink& messages)
        : vcpu_count(static_cast<VcpuIndex>(config.mpidrs.size())),
          trusted_count(config.nr_trusted),
          intid_count(config.nr_trusted + config.nr_untrusted),
          input_count(config.nr_untrusted),
          first_msi_input(config.first_msi_input),
          shared(config, lines),
          calls(shared),
          doorbell(messages) {
        CHECK(first_msi_input <= input_count && first_msi_input % arch::rvic::kInterruptGranule == 0);
    }

    // The rVID input that a device's wire goes to.
    u32 wired_input(bus::IntId id) const {
        const u32 input = to_number(id) - to_number(bus::spi(0));
        CHECK(to_number(id) >= to_number(bus::spi(0)) && input < first_msi_input);
        return input;
    }

    // Const after build, except what `shared` guards itself.
    const VcpuIndex vcpu_count;
    const u32 trusted_count;
    const u32 intid_count;
    const u32 input_count;
    const u32 first_msi_input;
    rvic::SharedCore shared;
    rvic::Calls calls;
    rvic::Doorbell doorbell;
};

Rvic::Rvic(const RvicConfig& config, bus::CpuLineSink& lines)
    : impl_(std::make_unique<Impl>(config, lines, *this)) {}
Rvic::~Rvic() = default;

void Rvic::add_hypercalls(trap::HypercallSpace& space) {
    space.add(impl_->calls, rvic::Calls::rows());
}
bus::MmioDevice& Rvic::msi_doorbell() {
    return impl_->doorbell;
}

void Rvic::reset() {
    impl_->shared.begin()->reset();
}
void Rvic::reset_cpu(VcpuIndex vcpu) {
    CHECK(vcpu < impl_->vcpu_count);
    impl_->shared.begin()->rvic(vcpu).reset();
}

void Rvic::set_level(bus::IntId id, bool level) {
    const u32 input = impl_->wired_input(id);
    auto core = impl_->shared.begin();
    TRACE(rvic::trace::rvid_set_irq, "input {} level {}", input, level);
    core->set_input(input, level);
}

void Rvic::pulse(bus::IntId id) {
    const u32 input = impl_->wired_input(id);
    auto core = impl_->shared.begin();
    TRACE(rvic::trace::rvid_set_irq, "input {} pulse", input);
    core->pulse_input(input);
}

void Rvic::set_private_level(VcpuIndex vcpu, bus::IntId id, bool level) {
    CHECK(vcpu < impl_->vcpu_count && to_number(id) < impl_->trusted_count);
    auto core = impl_->shared.begin();
    TRACE(rvic::trace::rvic_set_irq, "vCPU {}: INTID {} level {}", vcpu, to_number(id), level);
    core->set_trusted(vcpu, to_number(id), level);
}

void Rvic::send_msi(u64 address, u32 data) {
    TRACE(rvic::trace::rvid_msi, "address {:#x} data {:#x}", address, data);
    if (address != kRvicMsiAddress || data < impl_->first_msi_input || data >= impl_->input_count) {
        GUEST_ERROR("rVID: a message of {:#x} to {:#x} is no interrupt", data, address);
        return;
    }
    impl_->shared.begin()->pulse_input(data);
}

u32 Rvic::trusted_count() const {
    return impl_->trusted_count;
}
u32 Rvic::intid_count() const {
    return impl_->intid_count;
}
u32 Rvic::input_count() const {
    return impl_->input_count;
}

RvicIrqState Rvic::irq_state(bus::IntId id, VcpuIndex vcpu) const {
    CHECK(to_number(id) < impl_->intid_count && vcpu < impl_->vcpu_count);
    return impl_->shared.begin()->irq_state(vcpu, to_number(id));
}
RvicCpuState Rvic::cpu_state(VcpuIndex vcpu) const {
    CHECK(vcpu < impl_->vcpu_count);
    return impl_->shared.begin()->cpu_state(vcpu);
}
RvidInputState Rvic::input_state(u32 input) const {
    CHECK(input < impl_->input_count);
    return impl_->shared.begin()->input_state(input);
}

u32 Rvic::wire_count() const {
    return impl_->first_msi_input;
}

Controller::Activity Rvic::activity(bus::IntId id) const {
    const auto pending = [this](VcpuIndex vcpu, u32 intid) {
        const RvicIrqState state = irq_state(bus::IntId{intid}, vcpu);
        return state.pending && !state.masked;
    };
    Activity any;
    if (to_number(id) < to_number(bus::spi(0))) {
        for (VcpuIndex vcpu = 0; vcpu < impl_->vcpu_count; ++vcpu) any.pending |= pending(vcpu, to_number(id));
    } else if (const auto target = input_state(impl_->wired_input(id)).target) {
        any.pending = pending(target->vcpu, target->intid);
    }
    return any;
}

RvicSnapshot Rvic::save() const {
    return impl_->shared.begin()->save();
}
Result<> Rvic::restore(const RvicSnapshot& snapshot) {
    return impl_->shared.begin()->restore(snapshot);
}

// There is no binding for either in Linux; these are the properties that the drivers of the patch series
// read.
void Rvic::describe(bus::FdtWriter& fdt) const {
    constexpr u32 kRvicPhandle = static_cast<u32>(bus::Phandle::Rvic);
    fdt.begin_node("rvic");
    fdt.property_string("compatible", "arm,rvic");
    fdt.property_empty("interrupt-controller");
    fdt.property_u32("#interrupt-cells", 2);  // INTID, kFdtIrq* flags
    fdt.property_u32("#address-cells", 0);
    // The root of the tree of interrupts is its own parent, whatever the nodes above it say.
    fdt.property_u32("interrupt-parent", kRvicPhandle);
    fdt.property_u32("phandle", kRvicPhandle);
    fdt.end_node();

    fdt.begin_node("rvid");
    fdt.property_string("compatible", "arm,rvid");
    fdt.property_empty("interrupt-controller");
    fdt.property_u32("#interrupt-cells", 1);  // input
    fdt.property_u32("#address-cells", 0);
    fdt.property_u32("interrupt-parent", kRvicPhandle);
    if (impl_->first_msi_input < impl_->input_count) {
        const u32 range[] = {impl_->first_msi_input, impl_->input_count - impl_->first_msi_input};
        fdt.property_empty("msi-controller");
        fdt.property_cells("msi-range", range);
    }
    fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::Rvid));
    fdt.end_node();
}

}  // namespace trapeze::irqchip
