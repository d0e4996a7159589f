// vCPUs by affinity.
#pragma once

#include <optional>
#include <vector>

#include "trapeze/base/bits.h"
#include "trapeze/bus/irq.h"

namespace trapeze::irqchip {

// Aff3.Aff2.Aff1.Aff0, a byte each, Aff0 lowest.
using Affinity = u32;

// From the layout of MPIDR_EL1.
constexpr Affinity to_affinity(u64 mpidr) {
    return static_cast<u32>(extract(mpidr, 39, 32) << 24 | extract(mpidr, 23, 0));
}

// Const after build.
class AffinityMap {
public:
    // CHECKs that affinities are unique.
    explicit AffinityMap(const std::vector<u64>& mpidrs);

    std::optional<bus::VcpuIndex> find(Affinity affinity) const;

    // Calls f(vcpu) for every vCPU whose affinity is first + n with bit n of `targets` set. At most 16 steps.
    template <typename F>
    void for_each_in(Affinity first, u16 targets, F f) const {
        for (auto at = lower_bound(first); at != entries_.end(); ++at) {
            const u32 n = at->affinity - first;
            if (n >= 16) break;
            if ((targets >> n & 1u) != 0) f(at->vcpu);
        }
    }

private:
    struct Entry {
        Affinity affinity;
        bus::VcpuIndex vcpu;
    };
    std::vector<Entry>::const_iterator lower_bound(Affinity affinity) const;

    std::vector<Entry> entries_;  // sorted by affinity
};

}  // namespace trapeze::irqchip
