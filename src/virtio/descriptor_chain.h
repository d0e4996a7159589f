// What split and packed rings have in common: descriptors become the buffers of a Chain.
#pragma once

#include <atomic>
#include <bit>

#include "trapeze/virtio/queue.h"

namespace trapeze::virtio {

static_assert(std::endian::native == std::endian::little, "the fields of rings are little-endian");

// The fields of a descriptor, 2.7.5 "The Virtqueue Descriptor Table" and 2.8.13 "Driver notifications".
struct Descriptor {
    u64 address;
    u32 length;  // bytes
    u16 flags;
    u16 link;  // split: the next descriptor; packed: the buffer id
};

inline constexpr u16 kDescNext = 1;
inline constexpr u16 kDescWrite = 2;
inline constexpr u16 kDescIndirect = 4;

inline constexpr u64 kDescriptorBytes = 16;

// The formats differ in the order of the last two fields.
enum class RingFormat : u8 { Split, Packed };
Descriptor load_descriptor(const u8* bytes, RingFormat format);

// Collects the descriptors of one request.
class ChainBuilder {
public:
    // `indirect`: VIRTIO_F_INDIRECT_DESC was negotiated.
    ChainBuilder(mem::GuestMemory& memory, RingFormat format, bool indirect, Chain& chain)
        : memory_(memory), chain_(chain), format_(format), indirect_(indirect) {}

    // With its whole table, if it is an indirect one. False: forbidden, reason() says what.
    [[nodiscard]] bool add(const Descriptor& descriptor);
    const char* reason() const { return reason_; }

private:
    [[nodiscard]] bool add_table(const Descriptor& descriptor);
    [[nodiscard]] bool add_buffer(const Descriptor& descriptor);
    bool refuse(const char* why) {
        reason_ = why;
        return false;
    }

    mem::GuestMemory& memory_;
    Chain& chain_;
    const RingFormat format_;
    const bool indirect_;
    unsigned segments_ = 0;
    const char* reason_ = nullptr;
};

// 16-bit fields that the driver and the device hand to each other. `field` is aligned. Each side publishes
// what it has done and then looks at what the other one asks for, so at least one of them has to see the
// other: the stores that publish and the loads that look are sequentially consistent.
inline u16 load(const u8* field, std::memory_order order = std::memory_order_relaxed) {
    // A view of guest memory is never const at heart: the guest writes there.
    auto* shared = reinterpret_cast<u16*>(const_cast<u8*>(field));
    return std::atomic_ref<u16>(*shared).load(order);
}
inline void store(u8* field, u16 value, std::memory_order order = std::memory_order_relaxed) {
    std::atomic_ref<u16>(*reinterpret_cast<u16*>(field)).store(value, order);
}

// 2.7.10 "Available Buffer Notification Suppression" and 2.8.10: whether moving an index from `old_index` to
// `new_index` has passed `event`.
constexpr bool passed_event(u16 event, u16 new_index, u16 old_index) {
    return static_cast<u16>(new_index - event - 1) < static_cast<u16>(new_index - old_index);
}

}  // namespace trapeze::virtio
