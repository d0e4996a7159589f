// An rVIC and the rVID as people read them.
#include <fmt/core.h>

#include "trapeze/irqchip/rvic.h"

namespace trapeze::irqchip {
namespace {

std::string name_of(u32 intid, u32 trusted) {
    if (intid < to_number(bus::ppi(0))) return fmt::format("INTID {} (IPI {})", intid, intid);
    return intid < trusted ? intid_name(intid) : fmt::format("INTID {}", intid);
}

}  // namespace

CpuView Rvic::cpu_view(bus::VcpuIndex vcpu) const {
    const RvicCpuState cpu = cpu_state(vcpu);
    CpuView view;
    view.irq = cpu.irq;
    view.details = cpu.enabled ? "rVIC enabled" : "rVIC disabled";
    if (!cpu.queue.empty()) {
        view.next = cpu.queue.front();
        if (!cpu.irq) view.held_back = "the rVIC is disabled";
    }
    for (u32 intid = 0; intid < intid_count(); ++intid) {
        const RvicIrqState irq = irq_state(bus::IntId{intid}, vcpu);
        if (irq.masked && !irq.pending && !irq.level) continue;
        view.irqs.push_back({.id = intid,
                             .name = name_of(intid, trusted_count()),
                             .enabled = !irq.masked,
                             .pending = irq.pending,
                             .active = false,
                             .high = irq.level,
                             .details = {}});
    }
    return view;
}

std::vector<IrqView> Rvic::shared_view() const {
    std::vector<IrqView> views;
    for (u32 n = 0; n < input_count(); ++n) {
        const RvidInputState input = input_state(n);
        if (!input.target && !input.level) continue;
        views.push_back({.id = n,
                         .name = fmt::format("input {}", n),
                         .enabled = input.target.has_value(),
                         .pending = false,
                         .active = false,
                         .high = input.level,
                         .details = input.target ? fmt::format("to INTID {} of vCPU {}", input.target->intid,
                                                               input.target->vcpu)
                                                 : "not mapped"});
    }
    return views;
}

}  // namespace trapeze::irqchip
