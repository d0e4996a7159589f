// The order in which an rVIC hands out interrupts.
#pragma once

#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::irqchip::rvic {

// First in, first out, of distinct INTIDs. Linked through an array, so that whoever stands in the middle can
// leave at once, too, and nothing is allocated after construction.
class DeliveryQueue {
public:
    explicit DeliveryQueue(u32 intid_count) : links_(intid_count + 1), end_(static_cast<u16>(intid_count)) {
        clear();
    }

    bool empty() const { return front() == end_; }
    bool contains(u32 intid) const { return links_[intid].next != kNotQueued; }
    // end() if the queue is empty.
    u32 front() const { return links_[end_].next; }
    u32 after(u32 intid) const { return links_[intid].next; }
    u32 end() const { return end_; }

    // `intid` is not in the queue.
    void push_back(u32 intid) {
        const u16 last = links_[end_].previous;
        links_[intid] = {last, end_};
        links_[last].next = links_[end_].previous = static_cast<u16>(intid);
    }
    // `intid` is in the queue.
    void remove(u32 intid) {
        const Link link = links_[intid];
        links_[link.previous].next = link.next;
        links_[link.next].previous = link.previous;
        links_[intid] = {};
    }
    void clear() {
        links_.assign(links_.size(), {});
        links_[end_] = {end_, end_};
    }

private:
    static constexpr u16 kNotQueued = 0xffff;
    struct Link {
        u16 previous = kNotQueued;
        u16 next = kNotQueued;
    };

    std::vector<Link> links_;  // by INTID, and of the ends of the queue at end_
    const u16 end_;
};

}  // namespace trapeze::irqchip::rvic
