#include "affinity.h"

#include <algorithm>

#include "trapeze/base/check.h"

namespace trapeze::irqchip {

AffinityMap::AffinityMap(const std::vector<u64>& mpidrs) {
    entries_.reserve(mpidrs.size());
    for (bus::VcpuIndex i = 0; i < mpidrs.size(); ++i) entries_.push_back({to_affinity(mpidrs[i]), i});
    std::ranges::sort(entries_, {}, &Entry::affinity);
    CHECK(std::ranges::adjacent_find(entries_, {}, &Entry::affinity) == entries_.end());
}

std::optional<bus::VcpuIndex> AffinityMap::find(Affinity affinity) const {
    const auto at = lower_bound(affinity);
    if (at == entries_.end() || at->affinity != affinity) return std::nullopt;
    return at->vcpu;
}

std::vector<AffinityMap::Entry>::const_iterator AffinityMap::lower_bound(Affinity affinity) const {
    return std::ranges::lower_bound(entries_, affinity, {}, &Entry::affinity);
}

}  // namespace trapeze::irqchip
