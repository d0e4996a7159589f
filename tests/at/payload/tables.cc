#include "tables.h"

namespace at {
namespace {

constexpr u64 kValid = 1;
constexpr u64 kTableOrPage = 2;

constexpr unsigned kArenaBits = 26;
static_assert(kArenaSize == u64{1} << kArenaBits);

}  // namespace

u64 random_output(Random& r) {
    if (r.chance(40)) return kArena | r.field(25, 12);
    if (r.chance(60)) return 0x80000000 | r.field(30, 12);
    return 0x80000000 | r.field(46, 12);
}

void Tables::set_stage2(const Layout& layout, int table_leaf, int output_leaf) {
    stage2_ = true;
    layout2_ = layout;
    table_leaf_ = table_leaf;
    output_leaf_ = output_leaf;
}

Entry* Tables::find(u64 address) {
    for (unsigned i = 0; i < c_.count; ++i)
        if (c_.entries[i].address == address) return &c_.entries[i];
    return nullptr;
}

void Tables::put(const Entry& entry) {
    if (Entry* old = find(entry.address)) {
        if (old->stage != entry.stage) both_stages_ = true;
        *old = entry;
    } else if (c_.count < Case::kMostEntries) {
        c_.entries[c_.count++] = entry;
    }
}

u64 Tables::stage1_leaf(const Layout& layout, u64 output, int level) {
    u64 value = kValid | (level == 3 ? kTableOrPage : 0) | r_.flag(10, 92);
    value |= output & low_bits(48) & ~low_bits(layout.offset_bits(level));
    value |= r_.field(4, 2) | r_.field(7, 6) | r_.flag(11, 50);
    if (!layout.ds) value |= r_.field(9, 8);
    value |= r_.flag(51, 30) | r_.flag(52, 30) | r_.flag(53, 30) | r_.flag(54, 30) | r_.field(58, 55) |
             (r_.chance(20) ? r_.field(63, 59) : 0);
    return value;
}

u64 Tables::stage2_leaf(u64 output, int level, bool for_table) {
    u64 value = kValid | (level == 3 ? kTableOrPage : 0) | r_.flag(10, for_table ? 95 : 80);
    value |= output & low_bits(48) & ~low_bits(layout2_.offset_bits(level));
    value |= r_.field(5, 2);
    value |= for_table ? r_.flag(6, 95) | r_.flag(7, 85) : r_.flag(6, 85) | r_.flag(7, 75);
    if (!layout2_.ds) value |= r_.field(9, 8);
    value |= r_.flag(51, 30) | r_.flag(52, 30) | r_.flag(53, 30) | r_.flag(54, 30) | r_.field(58, 55);
    return value;
}

u64 Tables::map(const Layout& layout, u64 va, int leaf_level) {
    u64 table = layout.base;
    unsigned end = layout.ia_bits;
    for (int level = layout.start;; ++level) {
        const unsigned offset = layout.offset_bits(level);
        const u64 index = (va & low_bits(end)) >> offset;
        const u64 address = map_stage2(table | index << 3, true);
        if (level >= leaf_level || level == 3) {
            const u64 output = random_output(r_);
            const u64 value = stage1_leaf(layout, output, level);
            put({address, value, output, 1, true, static_cast<u8>(offset)});
            return (output & ~low_bits(offset)) | (va & low_bits(offset));
        }
        table = arena_table(r_, layout.granule_bits);
        u64 value = table | kTableOrPage | kValid | r_.field(58, 51);
        if (r_.chance(25)) value |= r_.field(63, 59);
        if (!layout.ds) value |= r_.field(11, 2);
        put({address, value, table, 1, false, static_cast<u8>(offset)});
        end = offset;
    }
}

u64 Tables::map_stage2(u64 ipa, bool for_table) {
    if (!stage2_) return ipa;
    const Layout& l = layout2_;
    u64 table = l.base;
    unsigned end = l.ia_bits;
    for (int level = l.start;; ++level) {
        const unsigned offset = l.offset_bits(level);
        const u64 address = table | ((ipa & low_bits(end)) >> offset) << 3;
        const Entry* old = find(address);
        if (old != nullptr && old->stage == 2) {
            if (old->leaf) return (old->next & ~low_bits(offset)) | (ipa & low_bits(offset));
            table = old->next;
        } else if (level >= (for_table ? table_leaf_ : output_leaf_) || level == 3) {
            // Tables have to stay in the arena: what is larger maps them to themselves.
            u64 output = for_table ? arena_table(r_, 12) : random_output(r_);
            if (for_table && offset > 25) output = ipa;
            put({address, stage2_leaf(output, level, for_table), output, 2, true, static_cast<u8>(offset)});
            return (output & ~low_bits(offset)) | (ipa & low_bits(offset));
        } else {
            table = arena_table(r_, l.granule_bits);
            const u64 value = table | kTableOrPage | kValid | r_.field(63, 51) | (l.ds ? 0 : r_.field(11, 2));
            put({address, value, table, 2, false, static_cast<u8>(offset)});
        }
        end = offset;
    }
}

bool Tables::leads_astray(const Entry& entry, unsigned bit) const {
    if (bit != 1 || !entry.leaf) return bit >= kArenaBits && bit <= 32;
    if (entry.offset_bits > kArenaBits) return true;
    constexpr unsigned kLargestTable = 16;
    const u64 table = entry.next & ~low_bits(entry.offset_bits);
    for (unsigned i = 0; i < c_.count; ++i) {
        const Entry& other = c_.entries[i];
        if (other.stage != entry.stage && other.address - table <= low_bits(kLargestTable)) return true;
    }
    return false;
}

void Tables::mutate() {
    if (c_.count == 0 || !r_.chance(45)) return;
    const unsigned times = r_.chance(75) ? 1 : 2;
    for (unsigned i = 0; i < times; ++i) {
        Entry& entry = c_.entries[r_.below(c_.count)];
        const bool telling = r_.chance(35);
        unsigned bit;
        do {
            constexpr u8 kTelling[] = {0, 1, 10, 6, 7, 54, 53, 51};
            bit = telling ? kTelling[r_.below(sizeof(kTelling))] : r_.below(64);
        } while (leads_astray(entry, bit));
        entry.value ^= u64{1} << bit;
    }
}

}  // namespace at
