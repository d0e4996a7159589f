// Searching the small sorted tables that stand between an exit and its handler.
#pragma once

#include <span>

namespace trapeze {

// The last element of `sorted` whose key is not greater than `key`; nullptr if there is none. Keys are
// ascending. A conditional move for each step instead of a branch that cannot be predicted.
template <typename T, typename Key, typename Projection>
constexpr const T* last_not_above(std::span<const T> sorted, const Key& key, Projection projection) {
    const T* base = sorted.data();
    for (std::size_t n = sorted.size(); n > 1;) {
        const std::size_t half = n / 2;
        base = projection(base[half]) <= key ? base + half : base;
        n -= half;
    }
    return !sorted.empty() && projection(*base) <= key ? base : nullptr;
}

}  // namespace trapeze
