// Numbers and names that all versions of the GIC share.
#pragma once

#include "trapeze/base/types.h"
#include "trapeze/bus/irq.h"

namespace trapeze::irqchip::gic {

using bus::VcpuIndex;

// INTID ranges (IHI0048 "Interrupt IDs", IHI0069 "INTIDs").
inline constexpr u32 kBankSize = 32;  // interrupts per 32-bit register of one bit each
inline constexpr u32 kSgiCount = 16;
inline constexpr u32 kPrivateCount = 32;  // SGIs and PPIs
inline constexpr u32 kFirstSpi = 32;
inline constexpr u32 kFirstSpecial = 1020;
inline constexpr u32 kSpurious = 1023;
inline constexpr u32 kBankedRegisterIrqs = 1024;  // INTIDs that the GICD banks of one or two bits span

// Implemented priority bits: 32 levels, as KVM's and most hardware CPU interfaces have. All of them can be
// group priority bits, and one 32-bit active priorities register per group holds them.
inline constexpr unsigned kPriorityBits = 5;
inline constexpr unsigned kPriorityShift = 8 - kPriorityBits;
inline constexpr u8 kPriorityMask = static_cast<u8>(0xff << kPriorityShift);
inline constexpr u8 kIdlePriority = 0xff;

// Interrupt groups.
enum class Group : u8 { G0 = 0, G1 = 1 };
inline constexpr Group kGroups[] = {Group::G0, Group::G1};
constexpr unsigned index_of(Group group) {
    return static_cast<unsigned>(group);
}

// Value of a JEP106 identification of Arm as the designer, which is what guests expect of an architected GIC;
// product and revision are zero, so that no errata workaround matches.
inline constexpr u32 kIidr = 0x43b;

}  // namespace trapeze::irqchip::gic
