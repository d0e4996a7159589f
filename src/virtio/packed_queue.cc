#include "packed_queue.h"

#include <algorithm>
#include <cstring>

namespace trapeze::virtio {
namespace {

constexpr u16 kDescAvail = 1u << 7;
constexpr u16 kDescUsed = 1u << 15;

// Event suppression: an offset with the wrap counter in bit 15, then flags.
constexpr std::size_t kEventOffset = 0;
constexpr std::size_t kEventFlags = 2;
constexpr std::size_t kEventBytes = 4;
constexpr u16 kEventsEnable = 0;
constexpr u16 kEventsDisable = 1;
constexpr u16 kEventsAtOffset = 2;
constexpr u16 kWrapBit = 1u << 15;

}  // namespace

PackedQueue::PackedQueue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features)
    : Queue(addresses),
      memory_(memory),
      indirect_((features & feature::kIndirectDesc) != 0),
      event_idx_((features & feature::kEventIdx) != 0) {
    // Any size: 2.8.10.1.
    if (size_ == 0 || size_ > kMostQueueSize) {
        set_broken("a queue has a forbidden size");
    } else if (addresses.descriptors.value % 16 != 0 || addresses.driver.value % 4 != 0 ||
               addresses.device.value % 4 != 0) {
        set_broken("a ring is misaligned");
    } else {
        ring_ = memory.view(addresses.descriptors, size_ * kDescriptorBytes);
        driver_ = memory.view(addresses.driver, kEventBytes);
        device_ = memory.view(addresses.device, kEventBytes);
        if (ring_.empty() || driver_.empty() || device_.empty()) set_broken("a ring is not in RAM");
    }
}

bool PackedQueue::available() const {
    const u16 flags = load(flags_at(next_available_.slot), std::memory_order_seq_cst);
    return ((flags & kDescAvail) != 0) == next_available_.wrap &&
           ((flags & kDescUsed) != 0) != next_available_.wrap;
}

bool PackedQueue::take(Chain& chain) {
    if (!available()) return false;
    ChainBuilder builder(memory_, RingFormat::Packed, indirect_, chain);
    Position at = next_available_;
    for (u16 visited = 1;; ++visited) {
        if (visited > size_) {
            set_broken("a request has more descriptors than the queue has entries");
            return false;
        }
        const Descriptor descriptor = load_descriptor(&ring_[at.slot * kDescriptorBytes], RingFormat::Packed);
        at.advance(1, size_);
        if (!builder.add(descriptor)) {
            set_broken(builder.reason());
            return false;
        }
        if ((descriptor.flags & kDescNext) != 0) continue;
        chain.id = descriptor.link;  // that of the last one
        chain.slots = visited;
        break;
    }
    next_available_ = at;
    return true;
}

// The flags of the first one come last: until they are there, the driver looks at none.
void PackedQueue::give(std::span<const Answer> answers) {
    u8* first = nullptr;
    u16 first_flags = 0;
    for (const Answer& answer : answers) {
        u8* slot = &ring_[next_used_.slot * kDescriptorBytes];
        std::memcpy(slot + 8, &answer.written, sizeof answer.written);
        std::memcpy(slot + 12, &answer.chain->id, sizeof answer.chain->id);
        const u16 flags = static_cast<u16>((next_used_.wrap ? kDescAvail | kDescUsed : 0) |
                                           (answer.written != 0 ? kDescWrite : 0));
        if (first == nullptr) {
            first = flags_at(next_used_.slot);
            first_flags = flags;
        } else {
            store(flags_at(next_used_.slot), flags, std::memory_order_release);
        }
        next_used_.advance(answer.chain->slots, size_);
        // A lap or more: any event has been passed.
        unsignalled_ = static_cast<u16>(std::min(unsignalled_ + answer.chain->slots, int{size_}));
    }
    if (first != nullptr) store(first, first_flags, std::memory_order_seq_cst);
}

bool PackedQueue::interrupt_due() {
    if (broken()) return false;
    const u16 moved = std::exchange(unsignalled_, u16{0});
    if (moved == 0) return false;
    const u16 flags = load(&driver_[kEventFlags], std::memory_order_seq_cst) & 3u;
    if (flags != kEventsAtOffset || !event_idx_) return flags != kEventsDisable;
    const u16 field = load(&driver_[kEventOffset], std::memory_order_seq_cst);
    // As if slots were numbered on from the lap of next_used_: what is of the lap before is smaller.
    u16 event = field & static_cast<u16>(~kWrapBit);
    if (((field & kWrapBit) != 0) != next_used_.wrap) event = static_cast<u16>(event - size_);
    return passed_event(event, next_used_.slot, static_cast<u16>(next_used_.slot - moved));
}

void PackedQueue::disarm() {
    if (!broken()) store(&device_[kEventFlags], kEventsDisable);
}

bool PackedQueue::rearm() {
    if (broken()) return false;
    if (event_idx_) {
        store(&device_[kEventOffset],
              static_cast<u16>(next_available_.slot | (next_available_.wrap ? kWrapBit : 0)));
        store(&device_[kEventFlags], kEventsAtOffset, std::memory_order_seq_cst);
    } else {
        store(&device_[kEventFlags], kEventsEnable, std::memory_order_seq_cst);
    }
    return available();
}

}  // namespace trapeze::virtio
