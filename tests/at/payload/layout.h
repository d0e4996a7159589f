// The registers that lay out a stage of translation, at random.
#pragma once

#include "tables.h"

namespace at {

// One half of TCR_EL1, or of TCR_EL2 with E2H.
struct TcrHalf {
    unsigned txsz = 0;
    unsigned tg = 0;    // as TG0 or TG1 encode it
    unsigned bits = 0;  // 0: EPD, 1: TBI, 2: HPD, 3: TBID, 4: E0PD, 6-5: SH

    // In the register, in the upper half or the lower one.
    constexpr u64 place(bool upper) const {
        const unsigned half = upper ? 16 : 0;
        const unsigned odd = upper ? 1 : 0;
        const auto flag = [this](unsigned from, unsigned to) { return u64{bits >> from & 1} << to; };
        return u64{txsz} << half | u64{tg} << (half + 14) | u64{bits >> 5 & 3} << (half + 12) |
               flag(0, half + 7) | flag(1, 37 + odd) | flag(2, 41 + odd) | flag(3, 51 + odd) |
               flag(4, 55 + odd);
    }
    static constexpr u64 mask(bool upper) {
        TcrHalf all;
        all.txsz = 63;
        all.tg = 3;
        all.bits = 0x7f;
        return all.place(upper);
    }
};

// A layout of stage 1 with two ranges. `ds` on return: TCR_ELx.DS. The layout is what it most likely means.
Layout random_layout(Random& r, const Cpu& cpu, bool upper, bool ds, TcrHalf& half);
// Of EL2 without E2H, and TCR_EL2.
Layout one_range(Random& r, const Cpu& cpu, u64& tcr);
// Of stage 2: VTCR_EL2, VTTBR_EL2, and the levels of its leaves for tables and for outputs.
Layout random_stage2(Random& r, const Cpu& cpu, El2& registers, int& table_leaf, int& output_leaf);
// For a layout with a base.
u64 random_ttbr(Random& r, const Layout& layout);
// A level for the leaf of stage 1.
int random_leaf(Random& r, const Layout& layout);

}  // namespace at
