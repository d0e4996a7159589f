// The random numbers of one case.
#pragma once

#include "../record.h"

namespace at {

class Random {
public:
    // The same numbers for the same seed and case, whatever came before.
    Random(u64 seed, u64 number) : state_(mix(mix(seed + kStep) + number * kStep) | 1) {}

    u64 next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1dull;
    }
    unsigned below(unsigned n) { return static_cast<unsigned>((next() >> 32) * n >> 32); }
    bool chance(unsigned percent) { return below(100) < percent; }
    // A bit that is set that often, in place.
    u64 flag(unsigned bit, unsigned percent) { return chance(percent) ? u64{1} << bit : 0; }
    // Random bits in place.
    u64 field(unsigned high, unsigned low) { return (next() >> (63 - (high - low))) << low; }

private:
    static constexpr u64 kStep = 0x9e3779b97f4a7c15ull;
    static constexpr u64 mix(u64 z) {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    u64 state_;
};

constexpr u64 low_bits(unsigned n) {
    return n >= 64 ? ~u64{0} : (u64{1} << n) - 1;
}

}  // namespace at
