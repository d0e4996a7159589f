#include "split_queue.h"

#include <cstring>

namespace trapeze::virtio {
namespace {

// virtq_avail and virtq_used begin alike.
constexpr std::size_t kFlags = 0;
constexpr std::size_t kIdx = 2;
constexpr std::size_t kRing = 4;
constexpr std::size_t kUsedElement = 8;

constexpr u16 kAvailNoInterrupt = 1;
constexpr u16 kUsedNoNotify = 1;

}  // namespace

SplitQueue::SplitQueue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features)
    : Queue(addresses),
      memory_(memory),
      indirect_((features & feature::kIndirectDesc) != 0),
      event_idx_((features & feature::kEventIdx) != 0) {
    const std::size_t event = event_idx_ ? 2 : 0;
    // A power of two, 2.7 "Split Virtqueues".
    if (size_ == 0 || size_ > kMostQueueSize || !std::has_single_bit(size_)) {
        set_broken("a queue has a forbidden size");
    } else if (addresses.descriptors.value % 16 != 0 || addresses.driver.value % 2 != 0 ||
               addresses.device.value % 4 != 0) {
        set_broken("a ring is misaligned");
    } else {
        table_ = memory.view(addresses.descriptors, size_ * kDescriptorBytes);
        driver_ = memory.view(addresses.driver, kRing + size_ * 2u + event);
        device_ = memory.view(addresses.device, kRing + size_ * kUsedElement + event);
        if (table_.empty() || driver_.empty() || device_.empty()) set_broken("a ring is not in RAM");
    }
}

bool SplitQueue::take(Chain& chain) {
    const u16 waiting = static_cast<u16>(available() - next_available_);
    if (waiting == 0) return false;
    if (waiting > size_) {
        set_broken("more requests are available than the queue has entries");
        return false;
    }
    const u16 head = load(&driver_[kRing + next_available_ % size_ * 2u]);
    ChainBuilder builder(memory_, RingFormat::Split, indirect_, chain);
    u16 at = head;
    for (u16 visited = 0;; ++visited) {
        if (at >= size_ || visited == size_) {
            set_broken(at >= size_ ? "a descriptor's number is not of the table"
                                   : "the descriptors of a request are a loop");
            return false;
        }
        const Descriptor descriptor = load_descriptor(&table_[at * kDescriptorBytes], RingFormat::Split);
        if (!builder.add(descriptor)) {
            set_broken(builder.reason());
            return false;
        }
        if ((descriptor.flags & kDescNext) == 0) break;
        at = descriptor.link;
    }
    chain.id = head;
    chain.slots = 1;
    ++next_available_;
    return true;
}

void SplitQueue::give(std::span<const Answer> answers) {
    for (const Answer& answer : answers) {
        const u32 element[] = {answer.chain->id, answer.written};
        std::memcpy(&device_[kRing + next_used_ % size_ * kUsedElement], element, sizeof element);
        ++next_used_;
    }
    store(&device_[kIdx], next_used_, std::memory_order_seq_cst);
}

bool SplitQueue::interrupt_due() {
    if (broken()) return false;
    const u16 before = signalled_;
    signalled_ = next_used_;
    if (before == next_used_) return false;
    constexpr auto kOrder = std::memory_order_seq_cst;
    if (!event_idx_) return (load(&driver_[kFlags], kOrder) & kAvailNoInterrupt) == 0;
    return passed_event(load(&driver_[kRing + size_ * 2u], kOrder), next_used_, before);
}

// With events there is none that says never; the driver finds a position that was passed long ago.
void SplitQueue::disarm() {
    if (!broken() && !event_idx_) store(&device_[kFlags], kUsedNoNotify);
}

bool SplitQueue::rearm() {
    if (broken()) return false;
    if (event_idx_) {
        store(&device_[kRing + size_ * kUsedElement], next_available_, std::memory_order_seq_cst);
    } else {
        store(&device_[kFlags], 0, std::memory_order_seq_cst);
    }
    return available() != next_available_;
}

}  // namespace trapeze::virtio
