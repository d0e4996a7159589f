// A GICv2 as people read it.
#include <fmt/core.h>

#include "gicv2/types.h"
#include "trapeze/irqchip/gicv2.h"

namespace trapeze::irqchip {
namespace {

// SGIs are enabled for good, which says nothing.
bool worth_showing(u32 intid, const Gicv2IrqState& irq) {
    return (irq.enabled && intid >= gicv2::kSgiCount) || irq.pending || irq.active || irq.level;
}

// "vCPU 1", "vCPUs 0, 3"; "nobody"
std::string vcpus_text(u8 mask) {
    if (mask == 0) return "nobody";
    std::string text = (mask & (mask - 1)) == 0 ? "vCPU" : "vCPUs";
    const char* separator = " ";
    for (unsigned vcpu = 0; vcpu < kGicv2MaxVcpus; ++vcpu) {
        if ((mask >> vcpu & 1) == 0) continue;
        text += fmt::format("{}{}", separator, vcpu);
        separator = ", ";
    }
    return text;
}

IrqView view_of(u32 intid, const Gicv2IrqState& irq) {
    std::string details =
        fmt::format("group {}, priority {:#x}{}", irq.group, irq.priority, irq.edge ? ", edge" : "");
    if (intid >= gicv2::kFirstSpi) details += ", for " + vcpus_text(irq.targets);
    if (irq.pending_from != 0) details += ", pending from " + vcpus_text(irq.pending_from);
    if (irq.active_from) details += fmt::format(", active from vCPU {}", *irq.active_from);
    return {.id = intid,
            .name = intid_name(intid),
            .enabled = irq.enabled,
            .pending = irq.pending,
            .active = irq.active,
            .high = irq.level,
            .details = std::move(details)};
}

std::string_view enables_text(const Gicv2CpuState& cpu) {
    if (cpu.group0_enabled) return cpu.group1_enabled ? "" : ", group 1 disabled";
    return cpu.group1_enabled ? ", group 0 disabled" : ", both groups disabled";
}

}  // namespace

CpuView Gicv2::cpu_view(bus::VcpuIndex vcpu) const {
    const Gicv2CpuState cpu = cpu_state(vcpu);
    CpuView view;
    view.irq = cpu.irq;
    view.fiq = cpu.fiq;
    if (cpu.highest_pending < gicv2::kFirstSpecial) {
        view.next = cpu.highest_pending;
        const u8 group = irq_state(bus::IntId{cpu.highest_pending}, vcpu).group;
        if (!(group == 0 ? cpu.group0_enabled : cpu.group1_enabled)) {
            view.held_back = fmt::format("its group, {}, is disabled at the CPU interface", group);
        } else if (!cpu.irq && !cpu.fiq) {
            view.held_back = "its priority is not above the priority mask and the running priority";
        }
    }
    view.details = fmt::format("priority mask {:#x}, running priority {:#x}{}", cpu.priority_mask,
                               cpu.running_priority, enables_text(cpu));
    for (u32 intid = 0; intid < gicv2::kFirstSpi; ++intid) {
        const Gicv2IrqState irq = irq_state(bus::IntId{intid}, vcpu);
        if (worth_showing(intid, irq)) view.irqs.push_back(view_of(intid, irq));
    }
    return view;
}

std::vector<IrqView> Gicv2::shared_view() const {
    std::vector<IrqView> views;
    for (u32 intid = gicv2::kFirstSpi; intid < intid_count(); ++intid) {
        const Gicv2IrqState irq = irq_state(bus::IntId{intid});
        if (worth_showing(intid, irq)) views.push_back(view_of(intid, irq));
    }
    return views;
}

}  // namespace trapeze::irqchip
