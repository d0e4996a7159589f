// The interrupts of one group that a vCPU is offered, best first.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "gic/types.h"

namespace trapeze::irqchip::gic {

// Looking at the best is O(1) and removing it too; a change elsewhere moves at most one word per queued
// interrupt. Typically there are none to three. Bounded by the number of INTIDs, so by 4 KiB.
class PendingQueue {
public:
    // Lower value of priority is better; among equals the lower INTID, which the architecture leaves to us.
    using Key = u32;
    static constexpr Key make_key(u8 priority, u32 intid) { return u32{priority} << 16 | intid; }
    static constexpr u32 intid_of(Key key) { return key & 0xffff; }
    static constexpr u8 priority_of(Key key) { return static_cast<u8>(key >> 16); }
    // Worse than every interrupt.
    static constexpr Key kNone = u32{kIdlePriority} << 16 | kSpurious;

    Key best() const { return keys_.empty() ? kNone : keys_.back(); }
    std::size_t size() const { return keys_.size(); }

    void insert(Key key) { keys_.insert(std::ranges::lower_bound(keys_, key, std::ranges::greater{}), key); }
    void erase(Key key) { keys_.erase(std::ranges::lower_bound(keys_, key, std::ranges::greater{})); }

private:
    std::vector<Key> keys_;  // worst first
};

// The highest priority pending interrupt of a CPU interface.
struct HighestPending {
    u32 intid = kSpurious;
    u8 priority = kIdlePriority;
    Group group = Group::G1;

    bool none() const { return intid == kSpurious; }
};

// The best in the queues of the groups that count, both by number of the group.
inline HighestPending best_of(const std::array<PendingQueue, 2>& queues, const std::array<bool, 2>& counts) {
    HighestPending best;
    PendingQueue::Key best_key = PendingQueue::kNone;
    for (const Group group : kGroups) {
        const unsigned g = index_of(group);
        if (!counts[g] || queues[g].best() >= best_key) continue;
        best_key = queues[g].best();
        best = {PendingQueue::intid_of(best_key), PendingQueue::priority_of(best_key), group};
    }
    return best;
}

}  // namespace trapeze::irqchip::gic
