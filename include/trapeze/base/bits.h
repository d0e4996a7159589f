// Bit and field arithmetic on 64-bit values. Bit numbers count from 0 at the least significant end, as in
// the Arm manuals; a range is written (high, low), both inclusive.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze {

constexpr u64 bit(unsigned n) {
    return u64{1} << n;
}

// Ones in [high:low]; 0 <= low <= high <= 63.
constexpr u64 mask(unsigned high, unsigned low) {
    return (~u64{0} >> (63 - high)) & (~u64{0} << low);
}

// The `width` least significant bits set; 0 <= width <= 64.
constexpr u64 low_mask(unsigned width) {
    return width == 0 ? 0 : ~u64{0} >> (64 - width);
}

constexpr u64 extract(u64 value, unsigned high, unsigned low) {
    return (value & mask(high, low)) >> low;
}

constexpr u64 deposit(u64 value, unsigned high, unsigned low, u64 field) {
    return (value & ~mask(high, low)) | ((field << low) & mask(high, low));
}

// Sign-extends the `width` least significant bits; 1 <= width <= 64.
constexpr u64 sign_extend(u64 value, unsigned width) {
    const unsigned shift = 64 - width;
    return static_cast<u64>(static_cast<s64>(value << shift) >> shift);
}

// A named bit field of a register: `using Aff0 = Field<7, 0>; Aff0::get(mpidr)`.
template <unsigned High, unsigned Low>
struct Field {
    static_assert(High < 64 && Low <= High);
    static constexpr unsigned kHigh = High;
    static constexpr unsigned kLow = Low;
    static constexpr unsigned kWidth = High - Low + 1;
    static constexpr u64 kMask = mask(High, Low);
    static constexpr u64 get(u64 reg) { return extract(reg, High, Low); }
    static constexpr u64 set(u64 reg, u64 value) { return deposit(reg, High, Low, value); }
    static constexpr u64 make(u64 value) { return deposit(0, High, Low, value); }
};

constexpr u64 align_down(u64 value, u64 power_of_two) {
    return value & ~(power_of_two - 1);
}

// Wraps to a small number if value is within one alignment unit of 2^64; callers bound value first.
constexpr u64 align_up(u64 value, u64 power_of_two) {
    return align_down(value + power_of_two - 1, power_of_two);
}

constexpr bool is_power_of_two(u64 value) {
    return value != 0 && (value & (value - 1)) == 0;
}

}  // namespace trapeze
