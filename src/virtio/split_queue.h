// 2.7 "Split Virtqueues".
#pragma once

#include "descriptor_chain.h"

namespace trapeze::virtio {

class SplitQueue final : public Queue {
public:
    SplitQueue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features);

    bool interrupt_due() override;
    void disarm() override;
    bool rearm() override;

private:
    bool take(Chain& chain) override;
    void give(std::span<const Answer> answers) override;
    u16 available() const { return load(&driver_[2], std::memory_order_seq_cst); }

    mem::GuestMemory& memory_;
    const bool indirect_;
    const bool event_idx_;
    std::span<u8> table_;   // the descriptors
    std::span<u8> driver_;  // flags, idx, ring[size], used_event
    std::span<u8> device_;  // flags, idx, ring[size] of {id, length}, avail_event
    u16 next_available_ = 0;
    u16 next_used_ = 0;
    u16 signalled_ = 0;  // next_used_ when interrupt_due() was called last
};

}  // namespace trapeze::virtio
