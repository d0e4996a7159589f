#include "walk_parameters.h"

#include "trapeze/arch/translation.h"
#include "walk_granule.h"
#include "walk_hcr.h"

namespace trapeze::mem {
namespace {

using arch::SctlrEl1;
using arch::Tcr2El1;
using arch::TcrEl1;
using arch::TcrEl2;

// What a TCR_ELx says about one address range, of either layout.
struct TcrRange {
    unsigned txsz;
    unsigned granule_bits;  // kReservedGranule for a reserved encoding of TGx
    u8 sh;
    bool epd;
    bool e0pd;
    bool tbi;
    bool tbid;
    bool hpd;
    bool mtx;
    // Of the whole register.
    u64 ps;
    bool ds;
    bool ha;
    bool hd;
};

// A regime's registers, by role: what EL1&0, EL2 and EL2&0 differ in.
struct RegimeRegisters {
    bool enabled;
    u64 sctlr;
    u64 ttbr;
    u64 mair;
    u64 mair2;
    u64 tcr2;
    u64 pir;
    u64 pire0;
    u64 por;
    TcrRange tcr;
};

// TG0 and TG1 encode the same sizes differently.
unsigned decode_tg1(u64 tg1) {
    constexpr unsigned kGranules[] = {kReservedGranule, k16K, k4K, k64K};
    return kGranules[tg1];
}

// One half of TCR_EL1, or of TCR_EL2 with E2H.
TcrRange tcr_half(u64 tcr, bool upper) {
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
        .ps = TcrEl1::IPS::get(tcr),
        .ds = TcrEl1::DS::get(tcr) != 0,
        .ha = TcrEl1::HA::get(tcr) != 0,
        .hd = TcrEl1::HD::get(tcr) != 0,
    };
}

// TCR_EL2 without E2H: one range, and most fields elsewhere.
TcrRange tcr_el2(u64 tcr) {
    return {
        .txsz = static_cast<unsigned>(TcrEl2::T0SZ::get(tcr)),
        .granule_bits = decode_tg0(TcrEl2::TG0::get(tcr)),
        .sh = static_cast<u8>(TcrEl2::SH0::get(tcr)),
        .epd = false,
        .e0pd = false,
        .tbi = TcrEl2::TBI::get(tcr) != 0,
        .tbid = TcrEl2::TBID::get(tcr) != 0,
        .hpd = TcrEl2::HPD::get(tcr) != 0,
        .mtx = TcrEl2::MTX::get(tcr) != 0,
        .ps = TcrEl2::PS::get(tcr),
        .ds = TcrEl2::DS::get(tcr) != 0,
        .ha = TcrEl2::HA::get(tcr) != 0,
        .hd = TcrEl2::HD::get(tcr) != 0,
    };
}

// AArch64.S1Enabled is `enabled`.
RegimeRegisters el10_registers(const El10Registers& r, const HypervisorControls& h, bool upper) {
    return {.enabled = SctlrEl1::M::get(r.SCTLR_EL1) != 0 && !h.dc && !h.tge,
            .sctlr = r.SCTLR_EL1,
            .ttbr = upper ? r.TTBR1_EL1 : r.TTBR0_EL1,
            .mair = r.MAIR_EL1,
            .mair2 = r.MAIR2_EL1,
            .tcr2 = h.tcr2_el1 ? r.TCR2_EL1 : 0,
            .pir = r.PIR_EL1,
            .pire0 = r.PIRE0_EL1,
            .por = r.POR_EL1,
            .tcr = tcr_half(r.TCR_EL1, upper)};
}

RegimeRegisters el2_registers(const El2Registers& r, Regime regime, bool upper) {
    return {.enabled = SctlrEl1::M::get(r.SCTLR_EL2) != 0,
            .sctlr = r.SCTLR_EL2,
            .ttbr = upper ? r.TTBR1_EL2 : r.TTBR0_EL2,
            .mair = r.MAIR_EL2,
            .mair2 = r.MAIR2_EL2,
            .tcr2 = r.TCR2_EL2,
            .pir = r.PIR_EL2,
            .pire0 = r.PIRE0_EL2,
            .por = r.POR_EL2,
            .tcr = regime == Regime::El2 ? tcr_el2(r.TCR_EL2) : tcr_half(r.TCR_EL2, upper)};
}

// Outside of these bounds an implementation may clamp or fault, and with FEAT_LVA it must fault below: this
// one always faults.
bool txsz_faults(unsigned txsz, const TableWalk& walk, const MmuFeatures& f) {
    const bool is_64k = walk.granule_bits == k64K;
    const unsigned least = walk.ds || (is_64k && f.lva) ? 12 : 16;
    return txsz < least || txsz > max_txsz(walk.granule_bits, f);
}

void set_walk(Stage1Parameters& p, const RegimeRegisters& r, const MmuFeatures& f) {
    TableWalk& walk = p.walk;
    walk.granule_bits = effective_granule(r.tcr.granule_bits, {f.gran4k, f.gran16k, f.gran64k});
    walk.ds =
        r.tcr.ds && ((walk.granule_bits == k4K && f.lpa2_4k) || (walk.granule_bits == k16K && f.lpa2_16k));
    p.txsz_faults = txsz_faults(r.tcr.txsz, walk, f);
    if (p.txsz_faults) return;
    walk.ia_bits = 64 - r.tcr.txsz;
    walk.start_level = start_level(walk.granule_bits, walk.ia_bits);
    set_output(walk, r.tcr.ps, r.ttbr, SctlrEl1::EE::get(r.sctlr) != 0, f);
}

void set_permission_controls(Stage1Parameters& p, const RegimeRegisters& r, const MmuFeatures& f) {
    const u64 tcr2 = f.tcr2 ? r.tcr2 : 0;
    p.ha = f.haf && r.tcr.ha;
    p.hd = p.ha && f.hdbs && r.tcr.hd;
    p.wxn = SctlrEl1::WXN::get(r.sctlr) != 0;
    // A guest hypervisor has no EL0 of its own to protect from.
    p.pan = f.pan && !p.nv1;
    p.epan = f.pan3 && SctlrEl1::EPAN::get(r.sctlr) != 0;
    p.pie = f.s1pie && Tcr2El1::PIE::get(tcr2) != 0;
    p.pir = r.pir;
    p.pire0 = r.pire0;
    p.poe = f.s1poe && Tcr2El1::POE::get(tcr2) != 0;
    p.e0poe = f.s1poe && p.unprivileged && !p.nv1 && Tcr2El1::E0POE::get(tcr2) != 0;
    p.por = r.por;
    // Overlays switch hierarchical control off, for both privileges. (Indirect permissions never have it.)
    p.hpd = (f.hpds && r.tcr.hpd) || p.poe || p.e0poe;
    p.aie = f.aie && Tcr2El1::AIE::get(tcr2) != 0;
}

}  // namespace

Stage1Parameters stage1_parameters(const MmuRegisters& registers, const MmuFeatures& f, Regime regime,
                                   bool fetch, Gva va) {
    const HypervisorControls h = hypervisor_controls(registers.el2, f);
    Stage1Parameters p;
    p.unprivileged = regime != Regime::El2;
    p.upper = p.unprivileged && extract(va.value, 55, 55) != 0;
    const RegimeRegisters r = regime == Regime::El10 ? el10_registers(registers.el10, h, p.upper)
                                                     : el2_registers(registers.el2, regime, p.upper);
    p.enabled = r.enabled;
    p.default_cacheable = regime == Regime::El10 && h.dc;
    p.default_tagged = h.dct;
    p.nv1 = regime == Regime::El10 && h.nv1;
    p.pa_bits = f.pa_bits;
    // AArch64.AddrTop.
    const bool tags_ignored = r.tcr.tbi && !(fetch && f.pauth && r.tcr.tbid);
    p.address_top = tags_ignored ? 55 : 63;
    // A PC has no logical address tag.
    p.mtx = f.mtx && r.tcr.mtx && !fetch;
    p.epd = r.tcr.epd;
    p.e0pd = f.e0pd && r.tcr.e0pd;
    set_walk(p, r, f);
    set_permission_controls(p, r, f);
    p.por_el0 = registers.el10.POR_EL0;
    p.mair = r.mair;
    p.mair2 = r.mair2;
    p.sh = r.tcr.sh;
    p.data_cacheable = SctlrEl1::C::get(r.sctlr) != 0;
    p.instruction_cacheable = SctlrEl1::I::get(r.sctlr) != 0;
    p.xs = f.xs;
    return p;
}

}  // namespace trapeze::mem
