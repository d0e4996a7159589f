// Guest physical addresses as their own type, so that they cannot be mixed up with virtual ones or sizes.
#pragma once

#include <compare>

#include "trapeze/base/types.h"

namespace trapeze::mem {

struct Gpa {
    u64 value = 0;

    constexpr auto operator<=>(const Gpa&) const = default;
    constexpr Gpa operator+(u64 bytes) const { return Gpa{value + bytes}; }
    constexpr u64 operator-(Gpa other) const { return value - other.value; }
};

// [base, base + size). size > 0 and base + size <= 2^64 - 1 by construction of the machine's memory map.
struct GpaRange {
    Gpa base;
    u64 size = 0;

    constexpr Gpa end() const { return base + size; }
    constexpr bool contains(Gpa a) const { return a >= base && a - base < size; }
    constexpr bool contains(Gpa a, u64 bytes) const { return contains(a) && bytes <= size - (a - base); }
    constexpr bool overlaps(const GpaRange& o) const { return base < o.end() && o.base < end(); }
};

}  // namespace trapeze::mem
