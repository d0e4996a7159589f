#include "walk_table.h"

#include <algorithm>

#include "trapeze/arch/translation.h"
#include "trapeze/base/bits.h"

namespace trapeze::mem {
namespace {

using arch::Descriptor;

constexpr int kFinalLevel = 3;
constexpr u64 kTableAttrs = mask(63, 59);

std::unexpected<Fault> fault(FaultKind kind, int level, unsigned size_bits) {
    return std::unexpected(Fault{.kind = kind, .level = static_cast<s8>(level), .size = bit(size_bits)});
}

// AArch64.BlockDescSupported.
bool has_blocks(const TableWalk& walk, int level) {
    switch (walk.granule_bits) {
        case 12: return level == 2 || level == 1 || (level == 0 && walk.ds);
        case 14: return level == 2 || (level == 1 && walk.ds);
        default: return level == 2 || (level == 1 && walk.block_1_64k);
    }
}

// The address in a descriptor, bits below `low` cleared (AArch64.NextTableBase, AArch64.LeafBase). All the
// bits that the format has: out of range is for the caller to find.
u64 address_in(const TableWalk& walk, u64 descriptor, unsigned low) {
    u64 address = descriptor & mask(47, low);
    if (walk.lpa_64k) {
        address |= Descriptor::OA_51_48_64K::get(descriptor) << 48;
    } else if (walk.ds) {
        address |= Descriptor::OA_49_48_LPA2::get(descriptor) << 48;
        address |= Descriptor::OA_51_50_LPA2::get(descriptor) << 50;
    }
    return address;
}

bool out_of_range(const TableWalk& walk, u64 address) {
    return (address & ~low_mask(walk.oa_bits)) != 0;
}

}  // namespace

// AArch64.S1Walk and AArch64.S2Walk without the TLB, in their order of checks. One level more per iteration,
// and level 3 has no tables: at most five.
std::expected<Leaf, Fault> walk_tables(const TableWalk& walk, u64 input_address, const TableReader& read) {
    // A first table out of range is reported at level 0 wherever the walk starts.
    if (out_of_range(walk, walk.base.value)) return fault(FaultKind::AddressSize, 0, walk.ia_bits);

    u64 table = walk.base.value;
    u64 table_attrs = 0;
    unsigned index_end = walk.ia_bits;
    for (int level = walk.start_level;; ++level) {
        const unsigned offset_bits = walk.offset_bits(level);
        const Gpa address{table | (extract(input_address, index_end - 1, offset_bits) << 3)};
        const std::expected<u64, Fault> word = read(address, level);
        if (!word) {
            Fault unread = word.error();
            unread.size = bit(offset_bits);
            return std::unexpected(unread);
        }
        const u64 descriptor = walk.big_endian ? __builtin_bswap64(*word) : *word;

        if (Descriptor::Valid::get(descriptor) == 0) return fault(FaultKind::Translation, level, offset_bits);
        const bool table_or_page = Descriptor::TableOrPage::get(descriptor) != 0;
        if (table_or_page && level < kFinalLevel) {
            table = address_in(walk, descriptor, walk.granule_bits);
            if (out_of_range(walk, table)) return fault(FaultKind::AddressSize, level, offset_bits);
            table_attrs |= descriptor & kTableAttrs;
            index_end = offset_bits;
            continue;
        }
        if (!table_or_page && !has_blocks(walk, level))
            return fault(FaultKind::Translation, level, offset_bits);
        // The whole address: a block may be larger than the output address size, and then is in range in
        // part.
        const u64 oa = address_in(walk, descriptor, offset_bits) | (input_address & low_mask(offset_bits));
        const unsigned size_bits = std::min(offset_bits, walk.oa_bits);
        if (out_of_range(walk, oa)) return fault(FaultKind::AddressSize, level, size_bits);
        return Leaf{.oa = Gpa{oa},
                    .address = address,
                    .descriptor = descriptor,
                    .table_attrs = table_attrs,
                    .level = level,
                    .size = bit(size_bits)};
    }
}

}  // namespace trapeze::mem
