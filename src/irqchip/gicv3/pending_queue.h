// The interrupts of one group that a vCPU is offered, best first.
#pragma once

#include <algorithm>
#include <vector>

#include "gicv3/types.h"

namespace trapeze::irqchip::gicv3 {

// Looking at the best is O(1) and removing it too; a change elsewhere moves at most one word per queued
// interrupt. Typically there are none to three. Bounded by the number of INTIDs, so by 4 KiB.
class PendingQueue {
public:
    // Lower value of priority is better; among equals the lower INTID, which IHI0069 leaves to us.
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

}  // namespace trapeze::irqchip::gicv3
