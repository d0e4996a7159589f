#include "walk_parameters.h"

#include <algorithm>

#include "trapeze/arch/translation.h"

namespace trapeze::mem {
namespace {

using arch::SctlrEl1;
using arch::Tcr2El1;
using arch::TcrEl1;
using arch::TtbrEl1;

constexpr unsigned k4K = 12;
constexpr unsigned k16K = 14;
constexpr unsigned k64K = 16;
constexpr unsigned kReserved = 0;

// One half of TCR_EL1.
struct TcrHalf {
    unsigned txsz;
    unsigned granule_bits;  // kReserved for a reserved encoding of TGx
    u8 sh;
    bool epd;
    bool e0pd;
    bool tbi;
    bool tbid;
    bool hpd;
    bool mtx;
};

// TG0 and TG1 encode the same sizes differently.
unsigned decode_tg0(u64 tg0) {
    constexpr unsigned kGranules[] = {k4K, k64K, k16K, kReserved};
    return kGranules[tg0];
}

unsigned decode_tg1(u64 tg1) {
    constexpr unsigned kGranules[] = {kReserved, k16K, k4K, k64K};
    return kGranules[tg1];
}

TcrHalf tcr_half(u64 tcr, bool upper) {
    const auto flag = [tcr, upper](u64 lower_mask, u64 upper_mask) {
        return (tcr & (upper ? upper_mask : lower_mask)) != 0;
    };
    return {
        .txsz = static_cast<unsigned>(upper ? TcrEl1::T1SZ::get(tcr) : TcrEl1::T0SZ::get(tcr)),
        .granule_bits = upper ? decode_tg1(TcrEl1::TG1::get(tcr)) : decode_tg0(TcrEl1::TG0::get(tcr)),
        .sh = static_cast<u8>(upper ? TcrEl1::SH1::get(tcr) : TcrEl1::SH0::get(tcr)),
        .epd = flag(TcrEl1::EPD0::kMask, TcrEl1::EPD1::kMask),
        .e0pd = flag(TcrEl1::E0PD0::kMask, TcrEl1::E0PD1::kMask),
        .tbi = flag(TcrEl1::TBI0::kMask, TcrEl1::TBI1::kMask),
        .tbid = flag(TcrEl1::TBID0::kMask, TcrEl1::TBID1::kMask),
        .hpd = flag(TcrEl1::HPD0::kMask, TcrEl1::HPD1::kMask),
        .mtx = flag(TcrEl1::MTX0::kMask, TcrEl1::MTX1::kMask),
    };
}

// A reserved value of TGx, or a size that is not implemented, is as an IMPLEMENTATION DEFINED size that is:
// the smallest, which is also QEMU's choice. 4KB if the ID registers deny all three.
unsigned effective_granule(unsigned granule_bits, const MmuFeatures& f) {
    if ((granule_bits == k4K && f.gran4k) || (granule_bits == k16K && f.gran16k) ||
        (granule_bits == k64K && f.gran64k))
        return granule_bits;
    if (f.gran4k) return k4K;
    if (f.gran16k) return k16K;
    return f.gran64k ? k64K : k4K;
}

// Outside of these bounds an implementation may clamp or fault, and with FEAT_LVA it must fault below: this
// one always faults.
bool txsz_faults(unsigned txsz, const TableWalk& walk, const MmuFeatures& f) {
    const bool is_64k = walk.granule_bits == k64K;
    const unsigned least = walk.ds || (is_64k && f.lva) ? 12 : 16;
    const unsigned most = !f.ttst ? 39 : is_64k ? 47 : 48;
    return txsz < least || txsz > most;
}

// AArch64.S1TTBaseAddress.
Gpa table_base(u64 ttbr, const TableWalk& walk, bool address_52) {
    const unsigned index_bits = walk.ia_bits - walk.offset_bits(walk.start_level);
    const u64 table_size = bit(index_bits + 3);
    if (!address_52) return Gpa{align_down(ttbr & TtbrEl1::kAddress, table_size)};
    const u64 base = (ttbr & TtbrEl1::kAddress52) | TtbrEl1::BADDR_51_48::get(ttbr) << 48;
    return Gpa{align_down(base, table_size)};
}

void set_walk(Stage1Parameters& p, const El10Registers& r, const MmuFeatures& f, const TcrHalf& half) {
    TableWalk& walk = p.walk;
    walk.granule_bits = effective_granule(half.granule_bits, f);
    const bool ds_bit = TcrEl1::DS::get(r.TCR_EL1) != 0;
    walk.ds =
        ds_bit && ((walk.granule_bits == k4K && f.lpa2_4k) || (walk.granule_bits == k16K && f.lpa2_16k));
    p.txsz_faults = txsz_faults(half.txsz, walk, f);
    if (p.txsz_faults) return;

    const unsigned ps_bits = arch::physical_address_bits(TcrEl1::IPS::get(r.TCR_EL1));
    const bool lpa = f.pa_bits >= 52;
    walk.ia_bits = 64 - half.txsz;
    walk.oa_bits = std::min(ps_bits, f.pa_bits);
    walk.start_level = start_level(walk.granule_bits, walk.ia_bits);
    walk.lpa_64k = walk.granule_bits == k64K && lpa;
    walk.block_1_64k = lpa;
    walk.big_endian = f.mixed_endian && SctlrEl1::EE::get(r.SCTLR_EL1) != 0;
    const bool address_52 = walk.ds || (walk.lpa_64k && walk.oa_bits >= 52);
    walk.base = table_base(p.upper ? r.TTBR1_EL1 : r.TTBR0_EL1, walk, address_52);
}

void set_permission_controls(Stage1Parameters& p, const El10Registers& r, const MmuFeatures& f,
                             const TcrHalf& half) {
    const u64 tcr2 = f.tcr2 ? r.TCR2_EL1 : 0;
    p.ha = f.haf && TcrEl1::HA::get(r.TCR_EL1) != 0;
    p.hd = p.ha && f.hdbs && TcrEl1::HD::get(r.TCR_EL1) != 0;
    p.wxn = SctlrEl1::WXN::get(r.SCTLR_EL1) != 0;
    p.pan = f.pan;
    p.epan = f.pan3 && SctlrEl1::EPAN::get(r.SCTLR_EL1) != 0;
    p.pie = f.s1pie && Tcr2El1::PIE::get(tcr2) != 0;
    p.pir = r.PIR_EL1;
    p.pire0 = r.PIRE0_EL1;
    p.poe = f.s1poe && Tcr2El1::POE::get(tcr2) != 0;
    p.e0poe = f.s1poe && Tcr2El1::E0POE::get(tcr2) != 0;
    p.por = r.POR_EL1;
    p.por_el0 = r.POR_EL0;
    // Overlays switch hierarchical control off, for both privileges. (Indirect permissions never have it.)
    p.hpd = (f.hpds && half.hpd) || p.poe || p.e0poe;
    p.aie = f.aie && Tcr2El1::AIE::get(tcr2) != 0;
}

}  // namespace

Stage1Parameters stage1_parameters(const El10Registers& r, const MmuFeatures& f, bool fetch, Gva va) {
    Stage1Parameters p;
    p.enabled = SctlrEl1::M::get(r.SCTLR_EL1) != 0;
    p.pa_bits = f.pa_bits;
    p.upper = extract(va.value, 55, 55) != 0;
    const TcrHalf half = tcr_half(r.TCR_EL1, p.upper);
    // AArch64.AddrTop.
    const bool tags_ignored = half.tbi && !(fetch && f.pauth && half.tbid);
    p.address_top = tags_ignored ? 55 : 63;
    p.mtx = f.mtx && half.mtx;
    p.epd = half.epd;
    p.e0pd = f.e0pd && half.e0pd;
    set_walk(p, r, f, half);
    set_permission_controls(p, r, f, half);
    p.mair = r.MAIR_EL1;
    p.mair2 = r.MAIR2_EL1;
    p.sh = half.sh;
    p.data_cacheable = SctlrEl1::C::get(r.SCTLR_EL1) != 0;
    p.instruction_cacheable = SctlrEl1::I::get(r.SCTLR_EL1) != 0;
    return p;
}

}  // namespace trapeze::mem
