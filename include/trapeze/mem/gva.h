// Guest virtual addresses as their own type: 64 bits as software uses them, tag byte included.
#pragma once

#include <compare>

#include "trapeze/base/types.h"

namespace trapeze::mem {

struct Gva {
    u64 value = 0;

    constexpr auto operator<=>(const Gva&) const = default;
    constexpr Gva operator+(u64 bytes) const { return Gva{value + bytes}; }
    constexpr u64 operator-(Gva other) const { return value - other.value; }
};

}  // namespace trapeze::mem
