// A GICv2 as people read it.
#include <fmt/core.h>

#include "gic/types.h"
#include "trapeze/irqchip/gicv2.h"

namespace trapeze::irqchip {
namespace {

bool worth_showing(const Gicv2IrqState& irq) {
    return irq.enabled || irq.pending || irq.active || irq.level;
}

IrqView view_of(u32 intid, const Gicv2IrqState& irq) {
    std::string details =
        fmt::format("group {}, priority {:#x}{}", irq.group, irq.priority, irq.edge ? ", edge" : "");
    if (intid >= gic::kFirstSpi) details += fmt::format(", targets {:#04x}", irq.targets);
    if (irq.pending_from != 0) details += fmt::format(", from vCPUs {:#04x}", irq.pending_from);
    return {.id = intid,
            .name = intid_name(intid),
            .enabled = irq.enabled,
            .pending = irq.pending,
            .active = irq.active,
            .high = irq.level,
            .details = std::move(details)};
}

}  // namespace

CpuView Gicv2::cpu_view(bus::VcpuIndex vcpu) const {
    const Gicv2CpuState cpu = cpu_state(vcpu);
    CpuView view;
    view.irq = cpu.irq;
    view.fiq = cpu.fiq;
    if (cpu.highest_pending < gic::kFirstSpecial) {
        view.next = cpu.highest_pending;
        if (!cpu.irq && !cpu.fiq)
            view.held_back = "its priority is not above the priority mask and the running priority";
    }
    view.details = fmt::format("priority mask {:#x}, running priority {:#x}, group 0 {}, group 1 {}",
                               cpu.priority_mask, cpu.running_priority, cpu.group0_enabled ? "on" : "off",
                               cpu.group1_enabled ? "on" : "off");
    for (u32 intid = 0; intid < gic::kFirstSpi; ++intid) {
        const Gicv2IrqState irq = irq_state(bus::IntId{intid}, vcpu);
        if (worth_showing(irq)) view.irqs.push_back(view_of(intid, irq));
    }
    return view;
}

std::vector<IrqView> Gicv2::shared_view() const {
    std::vector<IrqView> views;
    for (u32 intid = gic::kFirstSpi; intid < intid_count(); ++intid) {
        const Gicv2IrqState irq = irq_state(bus::IntId{intid});
        if (worth_showing(irq)) views.push_back(view_of(intid, irq));
    }
    return views;
}

}  // namespace trapeze::irqchip
