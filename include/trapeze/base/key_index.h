// Finds an element of a table by its key in a handful of instructions: the step between an exit and its handler.
#pragma once

#include <bit>
#include <limits>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze {

// Maps distinct 32-bit keys to positions in a table of at most 65534 elements. Open addressing at most half
// full, so a search ends soon, and always ends. Const after build, then any thread.
class KeyIndex {
public:
    static constexpr std::size_t kNotFound = std::numeric_limits<std::size_t>::max();

    // keys[i] is at position i.
    template <typename Table, typename Projection>
    void build(const Table& table, Projection key_of) {
        const std::size_t slots = std::bit_ceil(2 * table.size() + 2);
        shift_ = 32 - static_cast<unsigned>(std::countr_zero(slots));
        slots_.assign(slots, Slot{});
        u32 position = 0;
        for (const auto& element : table) insert(key_of(element), position++);
    }

    std::size_t find(u32 key) const {
        for (std::size_t i = first_slot(key);; i = (i + 1) & (slots_.size() - 1)) {
            const Slot& slot = slots_[i];
            if (slot.position == kFree) return kNotFound;
            if (slot.key == key) return slot.position;
        }
    }

private:
    static constexpr u32 kFree = ~u32{0};
    struct Slot {
        u32 key = 0;
        u32 position = kFree;
    };

    // Fibonacci hashing: the high bits of the product depend on all bits of the key.
    std::size_t first_slot(u32 key) const { return (key * 0x9e37'79b9u) >> shift_; }

    void insert(u32 key, u32 position) {
        std::size_t i = first_slot(key);
        while (slots_[i].position != kFree) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = {key, position};
    }

    std::vector<Slot> slots_ = std::vector<Slot>(2);
    unsigned shift_ = 31;
};

}  // namespace trapeze
