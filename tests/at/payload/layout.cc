#include "layout.h"

namespace at {
namespace {

constexpr unsigned k4K = 12;
constexpr unsigned k16K = 14;
constexpr unsigned k64K = 16;

bool has(const Cpu& cpu, unsigned granule_bits) {
    return granule_bits == k4K ? cpu.gran4k : granule_bits == k16K ? cpu.gran16k : cpu.gran64k;
}

unsigned random_granule(Random& r) {
    constexpr u8 kGranules[] = {k4K, k4K, k16K, k64K};
    return kGranules[r.below(4)];
}

unsigned encode_tg0(unsigned granule_bits) {
    return granule_bits == k4K ? 0 : granule_bits == k64K ? 1 : 2;
}
unsigned encode_tg1(unsigned granule_bits) {
    return granule_bits == k16K ? 1 : granule_bits == k4K ? 2 : 3;
}

unsigned random_txsz(Random& r) {
    const unsigned kind = r.below(100);
    if (kind < 78) return 16 + r.below(24);
    if (kind < 88) return 12 + r.below(8);
    if (kind < 97) return 34 + r.below(14);
    return r.below(64);
}

// TxSZ is as the register has it; the layout is of the nearest that works.
Layout layout_of(Random& r, const Cpu& cpu, unsigned granule_bits, unsigned txsz, bool ds) {
    Layout l;
    l.granule_bits = has(cpu, granule_bits) ? granule_bits : k4K;
    l.ds = ds && ((l.granule_bits == k4K && cpu.lpa2_4k) || (l.granule_bits == k16K && cpu.lpa2_16k));
    const unsigned least = l.ds || (l.granule_bits == k64K && cpu.lva) ? 12 : 16;
    const unsigned most = !cpu.ttst ? 39 : l.granule_bits == k64K ? 47 : 48;
    const unsigned clamped = txsz < least ? least : txsz > most ? most : txsz;
    l.ia_bits = 64 - clamped;
    l.start = natural_start(l.granule_bits, l.ia_bits);
    const unsigned bits = l.first_table_bits();
    l.base = arena_table(r, bits < 6 ? 6 : bits);
    return l;
}

}  // namespace

Layout random_layout(Random& r, const Cpu& cpu, bool upper, bool ds, TcrHalf& half) {
    const unsigned granule = random_granule(r);
    half.txsz = random_txsz(r);
    half.tg = upper ? encode_tg1(granule) : encode_tg0(granule);
    half.bits = (r.chance(4) ? 1 : 0) | static_cast<unsigned>(r.field(3, 1)) | (r.chance(15) ? 16 : 0) |
                static_cast<unsigned>(r.field(6, 5));
    // Reserved: most likely the smallest granule.
    if (r.chance(2)) {
        half.tg = upper ? 0 : 3;
        return layout_of(r, cpu, k4K, half.txsz, ds);
    }
    return layout_of(r, cpu, granule, half.txsz, ds);
}

Layout one_range(Random& r, const Cpu& cpu, u64& tcr) {
    const unsigned granule = random_granule(r);
    const unsigned txsz = random_txsz(r);
    const bool ds = r.chance(25);
    tcr = txsz | u64{encode_tg0(granule)} << 14 | r.field(13, 12) | r.field(18, 16) | r.flag(20, 50) |
          r.flag(21, 40) | r.flag(22, 40) | r.flag(23, 100) | r.flag(24, 50) | r.field(29, 25) |
          r.flag(31, 100) | (ds ? u64{1} << 32 : 0);
    return layout_of(r, cpu, granule, txsz, ds);
}

u64 random_ttbr(Random& r, const Layout& l) {
    u64 ttbr = l.base;
    if (r.chance(3)) ttbr |= u64{1} << (33 + r.below(15));
    // QEMU does not align a smaller table with TCR_ELx.DS, if the address is less than 52 bits.
    if (r.chance(4) && l.first_table_bits() >= 6) ttbr |= r.field(5, 2);
    return ttbr;
}

int random_leaf(Random& r, const Layout& l) {
    if (r.chance(45)) return 3;
    return l.start + static_cast<int>(r.below(static_cast<unsigned>(4 - l.start)));
}

Layout random_stage2(Random& r, const Cpu& cpu, El2& registers, int& table_leaf, int& output_leaf) {
    const unsigned granule = random_granule(r);
    const bool ds = r.chance(25);
    // An input address has to have the arena's, and no more bits than the CPU.
    const unsigned least = cpu.pa_bits >= 48 ? 16 : 64 - cpu.pa_bits;
    unsigned txsz = least + r.below(33 - least + 1);
    if (ds && r.chance(30)) txsz = 12 + r.below(4);
    Layout l = layout_of(r, cpu, granule, txsz, ds);
    // A start one level down has up to 16 concatenated tables.
    const unsigned concatenated = l.granule_bits - 3 + 4;
    if (l.start < 3 && l.ia_bits - l.offset_bits(l.start + 1) <= concatenated && r.chance(70)) {
        ++l.start;
        l.base = arena_table(r, l.first_table_bits());
    }
    u64 sl = l.granule_bits == k4K ? static_cast<u64>(2 - l.start) : static_cast<u64>(3 - l.start);
    u64 sl2 = 0;
    if (l.granule_bits == k4K && l.start == 3) sl = 3;
    if (l.start < 0) {
        sl = l.granule_bits == k4K ? 0 : 3;
        sl2 = l.granule_bits == k4K ? 1 : 0;
    }
    const bool consistent = !r.chance(5);
    if (!consistent) {
        sl = r.below(4);
        if (r.chance(50)) txsz = random_txsz(r);
    }
    registers.vtcr = txsz | sl << 6 | r.field(13, 12) | u64{encode_tg0(granule)} << 14 | r.field(18, 16) |
                     r.flag(21, 40) | r.flag(22, 40) | r.flag(31, 100) | (ds ? u64{1} << 32 : 0) | sl2 << 33;
    if (r.chance(80)) registers.vtcr |= 4 << 16;  // most need more than 32 bits of output
    registers.vttbr = (consistent ? random_ttbr(r, l) : l.base) | r.field(55, 48);
    table_leaf = l.granule_bits == k64K || r.chance(50) ? 3 : 2;
    output_leaf = random_leaf(r, l);
    return l;
}

}  // namespace at
