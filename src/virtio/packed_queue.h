// 2.8 "Packed Virtqueues".
#pragma once

#include "descriptor_chain.h"

namespace trapeze::virtio {

class PackedQueue final : public Queue {
public:
    PackedQueue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features);

    bool interrupt_due() override;
    void disarm() override;
    bool rearm() override;

private:
    // A place in the ring, and whether the wrap counter is 1 there: 2.8.1 "Driver and Device Ring Wrap
    // Counters".
    struct Position {
        u16 slot = 0;
        bool wrap = true;

        void advance(u16 slots, u16 size) {
            slot = static_cast<u16>(slot + slots);
            if (slot < size) return;
            slot = static_cast<u16>(slot - size);
            wrap = !wrap;
        }
    };

    bool take(Chain& chain) override;
    void give(std::span<const Answer> answers) override;
    bool available() const;
    u8* flags_at(u16 slot) const { return &ring_[slot * kDescriptorBytes + 14]; }

    mem::GuestMemory& memory_;
    const bool indirect_;
    const bool event_idx_;
    std::span<u8> ring_;
    std::span<u8> driver_;  // 2.8.14 "Event Suppression Structure Format"
    std::span<u8> device_;  // likewise
    Position next_available_;
    Position next_used_;
    u16 unsignalled_ = 0;  // slots used since interrupt_due() was called last
};

}  // namespace trapeze::virtio
