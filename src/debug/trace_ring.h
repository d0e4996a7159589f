// The last N records of one track. The producer never waits and takes no lock; anybody may read at any time.
#pragma once

#include <atomic>
#include <memory>

#include "trace_record.h"

namespace trapeze::debug {

class TraceRing {
public:
    // `capacity` is a power of two.
    explicit TraceRing(std::size_t capacity)
        : capacity_(capacity), slots_(std::make_unique<Slot[]>(capacity)) {}

    std::size_t capacity() const { return capacity_; }
    // Records ever pushed: the next one gets this number.
    u64 head() const { return head_.load(std::memory_order_acquire); }

    // One thread at a time. Replaces the oldest record when full.
    void push(const RecordWords& words) {
        const u64 number = head_.load(std::memory_order_relaxed);
        Slot& slot = slots_[number & (capacity_ - 1)];
        // Per slot: "being written", the words, "is record `number`". A reader that meets one of the new
        // words has, by the release of each, also the mark before them to see.
        slot.mark.store(0, std::memory_order_relaxed);
        for (std::size_t n = 0; n < kRecordWords; ++n)
            slot.words[n].store(words[n], std::memory_order_release);
        slot.mark.store(number + 1, std::memory_order_release);
        head_.store(number + 1, std::memory_order_release);
    }

    // Any thread. False if record `number` does not exist yet or has been replaced.
    bool read(u64 number, RecordWords& words) const {
        const Slot& slot = slots_[number & (capacity_ - 1)];
        if (slot.mark.load(std::memory_order_acquire) != number + 1) return false;
        for (std::size_t n = 0; n < kRecordWords; ++n)
            words[n] = slot.words[n].load(std::memory_order_acquire);
        return slot.mark.load(std::memory_order_relaxed) == number + 1;
    }

    // Number of the oldest record that may still be there.
    u64 oldest() const {
        const u64 end = head();
        return end > capacity_ ? end - capacity_ : 0;
    }

private:
    struct Slot {
        std::atomic<u64> mark{0};
        std::array<std::atomic<u64>, kRecordWords> words{};
    };

    const std::size_t capacity_;
    const std::unique_ptr<Slot[]> slots_;
    std::atomic<u64> head_{0};
};

}  // namespace trapeze::debug
