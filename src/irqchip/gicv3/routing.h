// Who gets an interrupt: affinities, SGI target lists and the 1 of N model. No controller state here.
#pragma once

#include <bit>
#include <optional>
#include <vector>

#include "gicv3/types.h"
#include "trapeze/base/bits.h"

namespace trapeze::irqchip::gicv3 {

// Aff3.Aff2.Aff1.Aff0, a byte each, Aff0 lowest: the order of GICR_TYPER.Affinity_Value.
using Affinity = u32;

// From the layout that MPIDR_EL1 and GICD_IROUTER<n> share.
constexpr Affinity to_affinity(u64 mpidr) {
    return static_cast<u32>(extract(mpidr, 39, 32) << 24 | extract(mpidr, 23, 0));
}

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

// vCPUs by affinity. Const after build.
class AffinityMap {
public:
    // CHECKs that affinities are unique.
    explicit AffinityMap(const std::vector<u64>& mpidrs);

    std::optional<VcpuIndex> find(Affinity affinity) const;

    // Calls f(vcpu) for every vCPU that the request's target list names. At most 16 steps.
    template <typename F>
    void for_each_target(const SgiRequest& request, F f) const {
        for (auto at = lower_bound(request.first); at != entries_.end(); ++at) {
            const u32 n = at->affinity - request.first;
            if (n >= 16) break;
            if ((request.targets >> n & 1u) != 0) f(at->vcpu);
        }
    }

private:
    struct Entry {
        Affinity affinity;
        VcpuIndex vcpu;
    };
    std::vector<Entry>::const_iterator lower_bound(Affinity affinity) const;

    std::vector<Entry> entries_;  // sorted by affinity
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
