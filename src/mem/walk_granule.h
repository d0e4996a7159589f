// What TCR_ELx and VTCR_EL2 have in common: TG0, the bounds of TxSZ, and how a base register is read.
#pragma once

#include "trapeze/arch/translation.h"
#include "trapeze/mem/mmu_features.h"
#include "walk_table.h"

namespace trapeze::mem {

inline constexpr unsigned k4K = 12;
inline constexpr unsigned k16K = 14;
inline constexpr unsigned k64K = 16;
inline constexpr unsigned kReservedGranule = 0;

constexpr unsigned decode_tg0(u64 tg0) {
    constexpr unsigned kGranules[] = {k4K, k64K, k16K, kReservedGranule};
    return kGranules[tg0];
}

// Which granules a stage of translation has.
struct Granules {
    bool gran4k;
    bool gran16k;
    bool gran64k;
};

// A reserved value of TGx, or a size that is not implemented, is as an IMPLEMENTATION DEFINED size that is:
// the smallest, which is also QEMU's choice. 4KB if the ID registers deny all three.
constexpr unsigned effective_granule(unsigned granule_bits, const Granules& g) {
    if ((granule_bits == k4K && g.gran4k) || (granule_bits == k16K && g.gran16k) ||
        (granule_bits == k64K && g.gran64k))
        return granule_bits;
    if (g.gran4k) return k4K;
    if (g.gran16k) return k16K;
    return g.gran64k ? k64K : k4K;
}

// AArch64.MaxTxSZ.
constexpr unsigned max_txsz(unsigned granule_bits, const MmuFeatures& f) {
    if (!f.ttst) return 39;
    return granule_bits == k64K ? 47 : 48;
}

// AArch64.S1TTBaseAddress and AArch64.S2TTBaseAddress: of a first table that may be several concatenated.
constexpr Gpa table_base(u64 ttbr, const TableWalk& walk, bool address_52) {
    using arch::TtbrEl1;
    const unsigned index_bits = walk.ia_bits - walk.offset_bits(walk.start_level);
    const u64 table_size = bit(index_bits + 3);
    if (!address_52) return Gpa{align_down(ttbr & TtbrEl1::kAddress, table_size)};
    const u64 base = (ttbr & TtbrEl1::kAddress52) | TtbrEl1::BADDR_51_48::get(ttbr) << 48;
    return Gpa{align_down(base, table_size)};
}

// The output side of a walk: sizes, descriptor formats and the first table. granule_bits, ia_bits,
// start_level and ds are set already.
constexpr void set_output(TableWalk& walk, u64 ps, u64 ttbr, bool big_endian, const MmuFeatures& f) {
    const unsigned ps_bits = arch::physical_address_bits(ps);
    const bool lpa = f.pa_bits >= 52;
    walk.oa_bits = ps_bits < f.pa_bits ? ps_bits : f.pa_bits;
    walk.lpa_64k = walk.granule_bits == k64K && lpa;
    walk.block_1_64k = lpa;
    walk.big_endian = f.mixed_endian && big_endian;
    walk.base = table_base(ttbr, walk, walk.ds || (walk.lpa_64k && walk.oa_bits >= 52));
}

}  // namespace trapeze::mem
