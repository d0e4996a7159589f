// Who gets an interrupt: SGI target lists and the 1 of N model. No controller state here.
#pragma once

#include "affinity.h"
#include "gicv3/types.h"
#include "trapeze/base/bits.h"

namespace trapeze::irqchip::gicv3 {

// A write of ICC_SGI0R_EL1, ICC_SGI1R_EL1 or ICC_ASGI1R_EL1.
struct SgiRequest {
    u32 intid;        // 0 to 15
    bool all_others;  // IRM: every vCPU but the sender; the fields below do not matter
    Affinity first;   // of bit 0 of `targets`
    u16 targets;      // bit n: Aff0 is first's plus n

    static constexpr SgiRequest decode(u64 value) {
        return {static_cast<u32>(extract(value, 27, 24)), extract(value, 40, 40) != 0,
                static_cast<u32>(extract(value, 55, 48) << 24 | extract(value, 39, 32) << 16 |
                                 extract(value, 23, 16) << 8 | extract(value, 47, 44) << 4),
                static_cast<u16>(extract(value, 15, 0))};
    }
};

// How well a vCPU suits an interrupt of the 1 of N model.
enum class Suitability : u8 {
    None,      // asleep, opted out, or the group is disabled at its CPU interface
    Eligible,  // may be selected, but its priority mask or running priority is in the way now
    Ready,     // would be interrupted at once
};

// The vCPU for an interrupt of the 1 of N model, or kNoVcpu. IHI0069 "Participating nodes" leaves the choice
// to us: stay where it is while that vCPU is ready; else the first ready one; else stay; else the first
// eligible one. "First" counts from a place that depends on the INTID, so that interrupts spread.
template <typename SuitabilityOf>
VcpuIndex select_one_of_n(u32 intid, VcpuIndex vcpu_count, VcpuIndex current, SuitabilityOf suitability) {
    const Suitability now = current == kNoVcpu ? Suitability::None : suitability(current);
    if (now == Suitability::Ready) return current;
    VcpuIndex fallback = now == Suitability::Eligible ? current : kNoVcpu;
    VcpuIndex vcpu = intid % vcpu_count;
    for (VcpuIndex i = 0; i < vcpu_count; ++i, vcpu = vcpu + 1 == vcpu_count ? 0 : vcpu + 1) {
        const Suitability s = suitability(vcpu);
        if (s == Suitability::Ready) return vcpu;
        if (s == Suitability::Eligible && fallback == kNoVcpu) fallback = vcpu;
    }
    return fallback;
}

}  // namespace trapeze::irqchip::gicv3
