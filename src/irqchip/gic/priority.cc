#include "gic/priority.h"

#include <bit>

namespace trapeze::irqchip::gic {

u8 running_priority(const CpuRegs& regs) {
    const u32 active = regs.active_priorities[0] | regs.active_priorities[1];
    if (active == 0) return kIdlePriority;
    return static_cast<u8>(std::countr_zero(active) << kPriorityShift);
}

std::optional<Group> running_group(const CpuRegs& regs) {
    const auto& active = regs.active_priorities;
    if ((active[0] | active[1]) == 0) return std::nullopt;
    return std::countr_zero(active[0]) <= std::countr_zero(active[1]) ? Group::G0 : Group::G1;
}

bool has_sufficient_priority(const CpuRegs& regs, Group group, u8 priority) {
    if (priority >= regs.pmr) return false;
    const u8 running = running_priority(regs);
    if (running == kIdlePriority) return true;
    const u8 group_mask = group_priority_mask(regs, group);
    return (priority & group_mask) < (running & group_mask);
}

void raise_running_priority(CpuRegs& regs, Group group, u8 priority) {
    const unsigned level = (priority & group_priority_mask(regs, group)) >> kPriorityShift;
    regs.active_priorities[index_of(group)] |= 1u << level;
}

void drop_running_priority(CpuRegs& regs, Group group) {
    u32& active = regs.active_priorities[index_of(group)];
    active &= active - 1;  // zero stays zero
}

}  // namespace trapeze::irqchip::gic
