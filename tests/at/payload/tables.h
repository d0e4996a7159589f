// Tables for a case: a path for each address that has to be found, and what is wrong with them.
#pragma once

#include "case.h"
#include "random.h"

namespace at {

// How a stage of translation is laid out.
struct Layout {
    unsigned granule_bits;
    unsigned ia_bits;
    int start;  // level of the first table
    bool ds;
    u64 base;  // of the first table
    constexpr unsigned offset_bits(int level) const {
        return granule_bits + static_cast<unsigned>(3 - level) * (granule_bits - 3);
    }
    constexpr unsigned first_table_bits() const { return ia_bits - offset_bits(start) + 3; }
};

// AArch64.S1StartLevel.
constexpr int natural_start(unsigned granule_bits, unsigned ia_bits) {
    return 3 - static_cast<int>((ia_bits - 1 - granule_bits) / (granule_bits - 3));
}

// A place in the arena.
inline u64 arena_table(Random& r, unsigned bits) {
    return kArena | (r.field(25, 0) & ~low_bits(bits));
}

// The address of memory that a page or block maps. Not RAM outside of the arena: as a table, if bit 1 of the
// descriptor is flipped, it would have content that no record has; as code, it would be the payload's own.
u64 random_output(Random& r);

class Tables {
public:
    Tables(Random& r, Case& c) : r_(r), c_(c) {}

    // With stage 2 the tables of stage 1 are behind it.
    void set_stage2(const Layout& layout, int table_leaf, int output_leaf);
    // A path to `va`, with a leaf at that level; returns the output address.
    u64 map(const Layout& layout, u64 va, int leaf_level);
    // A path of stage 2 to this address, if there is a stage 2.
    u64 map_stage2(u64 ipa, bool for_table);
    // A descriptor has become one of both stages, of which a record knows nothing.
    bool both_stages() const { return both_stages_; }
    // Flips bits.
    void mutate();

private:
    Entry* find(u64 address);
    void put(const Entry& entry);
    u64 stage1_leaf(const Layout& layout, u64 output, int level);
    u64 stage2_leaf(u64 output, int level, bool for_table);
    // Whether this bit may not be flipped. Those of an address, as the walk would go on in RAM outside the
    // arena; and what makes a block a table, if the arena is only a part of it (the payload's code can be a
    // descriptor of stage 2 without the permissions that spare_qemu() grants), or if the other stage has
    // descriptors there (see both_stages()).
    bool leads_astray(const Entry& entry, unsigned bit) const;

    Random& r_;
    Case& c_;
    bool stage2_ = false;
    bool both_stages_ = false;
    Layout layout2_{};
    int table_leaf_ = 3;
    int output_leaf_ = 3;
};

}  // namespace at
