// Priority rules of a CPU interface (IHI0048 and IHI0069 "Interrupt prioritization"): pure functions of its
// registers.
#pragma once

#include <array>
#include <optional>

#include "gic/types.h"

namespace trapeze::irqchip::gic {

// With all implemented bits usable as group priority. The binary point of group 1 (ICC_BPR1_EL1, GICC_ABPR)
// counts from one, so its minimum is one higher for the same split (IHI0048 and IHI0069 "Priority grouping").
inline constexpr u8 kMinBpr0 = 7 - kPriorityBits;
inline constexpr u8 kMinBpr1 = kMinBpr0 + 1;
inline constexpr u8 kMaxBpr = 7;

struct CpuRegs {
    u8 pmr = 0;
    std::array<u8, 2> bpr{kMinBpr0, kMinBpr1};  // by group: ICC_BPR0_EL1, ICC_BPR1_EL1; GICC_BPR, GICC_ABPR
    // By group: ICC_AP0R0_EL1, ICC_AP1R0_EL1; GICC_APR0, GICC_NSAPR0. Bit p is group priority p << 3.
    std::array<u32, 2> active_priorities{};
    std::array<bool, 2> group_enable{};  // ICC_IGRPEN0_EL1, ICC_IGRPEN1_EL1; GICC_CTLR.EnableGrp0, EnableGrp1
    bool common_bpr = false;             // ICC_CTLR_EL1.CBPR, GICC_CTLR.CBPR
    bool split_eoi = false;              // ICC_CTLR_EL1.EOImode, GICC_CTLR.EOImode
};

// The bits of a priority that make its group priority. A BPR0 of 7 leaves none.
constexpr u8 group_priority_mask(const CpuRegs& regs, Group group) {
    const unsigned bpr = group == Group::G0 || regs.common_bpr ? regs.bpr[0] : regs.bpr[1] - 1u;
    return static_cast<u8>(0xffu << (bpr + 1));
}

// kIdlePriority when nothing is active, or all that is has had its priority dropped.
u8 running_priority(const CpuRegs& regs);
// The group of the running priority; group 0 if software made both equal.
std::optional<Group> running_group(const CpuRegs& regs);

// Whether an interrupt may be signalled: it beats the mask, and preempts what is running. Subpriorities never
// preempt.
bool has_sufficient_priority(const CpuRegs& regs, Group group, u8 priority);

// An interrupt was acknowledged: its group priority becomes active.
void raise_running_priority(CpuRegs& regs, Group group, u8 priority);
// Priority drop: the best active priority of the group is over.
void drop_running_priority(CpuRegs& regs, Group group);

}  // namespace trapeze::irqchip::gic
