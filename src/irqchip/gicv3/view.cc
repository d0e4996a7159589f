// A GICv3 as people read it.
#include <fmt/core.h>

#include "gic/types.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::irqchip {
namespace {

bool worth_showing(const Gicv3IrqState& irq) {
    return irq.enabled || irq.pending || irq.active || irq.level;
}

IrqView view_of(u32 intid, const Gicv3IrqState& irq) {
    std::string details =
        fmt::format("group {}, priority {:#x}{}", irq.group, irq.priority, irq.edge ? ", edge" : "");
    if (intid >= gic::kFirstSpi) {
        details += irq.target ? fmt::format(", for vCPU {}", *irq.target)
                              : fmt::format(", GICD_IROUTER {:#x}", irq.irouter);
    }
    return {.id = intid,
            .name = intid_name(intid),
            .enabled = irq.enabled,
            .pending = irq.pending,
            .active = irq.active,
            .high = irq.level,
            .details = std::move(details)};
}

}  // namespace

CpuView Gicv3::cpu_view(bus::VcpuIndex vcpu) const {
    const Gicv3CpuState cpu = cpu_state(vcpu);
    CpuView view;
    view.irq = cpu.irq;
    view.fiq = cpu.fiq;
    if (cpu.highest_pending < gic::kFirstSpecial) {
        view.next = cpu.highest_pending;
        if (!cpu.irq && !cpu.fiq)
            view.held_back = "its priority is not above the priority mask and the running priority";
    }
    view.details = fmt::format("priority mask {:#x}, running priority {:#x}{}", cpu.priority_mask,
                               cpu.running_priority, cpu.asleep ? ", redistributor asleep" : "");
    for (u32 intid = 0; intid < gic::kFirstSpi; ++intid) {
        const Gicv3IrqState irq = irq_state(bus::IntId{intid}, vcpu);
        if (worth_showing(irq)) view.irqs.push_back(view_of(intid, irq));
    }
    return view;
}

std::vector<IrqView> Gicv3::shared_view() const {
    std::vector<IrqView> views;
    for (u32 intid = gic::kFirstSpi; intid < intid_count(); ++intid) {
        const Gicv3IrqState irq = irq_state(bus::IntId{intid});
        if (worth_showing(irq)) views.push_back(view_of(intid, irq));
    }
    return views;
}

}  // namespace trapeze::irqchip
