#include "rules.h"

#include <utility>

#include "trapeze/arch/translation.h"

namespace at {
namespace {

using trapeze::bit;
using trapeze::extract;
using trapeze::arch::HcrEl2;
using trapeze::arch::ParEl1;
using trapeze::arch::SctlrEl1;
using trapeze::arch::TcrEl1;
using trapeze::arch::TcrEl2;
using trapeze::arch::VtcrEl2;

constexpr u64 kEverything = ~u64{0};
constexpr u64 kAttributes = ParEl1::ATTR::kMask | ParEl1::SH::kMask;

bool e2h(const RecordFile& file, const CheckedCase& c) {
    return file.features.el2 && file.features.vhe && HcrEl2::E2H::get(c.registers.el2.HCR_EL2) != 0;
}
// The case is about EL2 or EL2&0.
bool for_el2(const RecordFile& file, const CheckedCase& c) {
    return row_of(c).el2 || (e2h(file, c) && HcrEl2::TGE::get(c.registers.el2.HCR_EL2) != 0);
}
bool stage2_on(const CheckedCase& c) {
    const u64 hcr = c.registers.el2.HCR_EL2;
    return HcrEl2::VM::get(hcr) != 0 || HcrEl2::DC::get(hcr) != 0;
}

// --- What the architecture leaves open ---

u64 ns_is_unknown(const Comparison& x) {
    return x.expected.result ? bit(9) : 0;
}

// --- What QEMU does differently ---

bool qemu_ignores_c(const RecordFile&, CheckedCase& c) {
    u64& el1 = c.registers.el10.SCTLR_EL1;
    u64& el2 = c.registers.el2.SCTLR_EL2;
    const bool altered = SctlrEl1::C::get(el1) == 0 || SctlrEl1::C::get(el2) == 0;
    el1 |= SctlrEl1::C::kMask;
    el2 |= SctlrEl1::C::kMask;
    return altered;
}

u64 qemu_reports_reserved_sh(const Comparison& x) {
    if (!x.expected.result || x.c.exception || ParEl1::SH::get(x.c.result) != 0b01) return 0;
    return x.expected.result->attributes.shareability == mem::Shareability::NonShareable ? ParEl1::SH::kMask
                                                                                         : 0;
}

bool qemu_ignores_tge(const RecordFile& file, CheckedCase& c) {
    u64& hcr = c.registers.el2.HCR_EL2;
    if (row_of(c).el2 || e2h(file, c) || HcrEl2::TGE::get(hcr) == 0) return false;
    hcr &= ~(HcrEl2::TGE::kMask | HcrEl2::PTW::kMask);
    return true;
}

// A Permission fault of stage 2 at level 0 while stage 1 reads a descriptor.
constexpr u64 kPtwFault = 0xb19;

u64 qemu_ptw(const Comparison& x) {
    const bool ptw = HcrEl2::PTW::get(x.c.registers.el2.HCR_EL2) != 0;
    if (!ptw || for_el2(x.file, x.c) || x.c.exception || x.c.result != kPtwFault) return 0;
    if (!stage2_on(x.c)) return row_of(x.c).stages == mem::Stages::One ? kEverything : 0;
    constexpr u64 kLevel = trapeze::mask(2, 1);
    return kLevel;
}

bool qemu_has_no_xs(const RecordFile&, CheckedCase& c) {
    return std::exchange(c.features.xs, false);
}

// The fields of a stage that say how long addresses are.
struct Sizes {
    u64 ps;
    bool ds;
    unsigned granule_bits;
};
constexpr unsigned kTg0[] = {12, 16, 14, 12};
constexpr unsigned kTg1[] = {12, 14, 12, 16};

Sizes sizes_of(const RecordFile& file, const CheckedCase& c, unsigned stage) {
    if (stage == 2) {
        const u64 vtcr = c.registers.el2.VTCR_EL2;
        return {VtcrEl2::PS::get(vtcr), VtcrEl2::DS::get(vtcr) != 0, kTg0[VtcrEl2::TG0::get(vtcr)]};
    }
    if (for_el2(file, c) && !e2h(file, c)) {
        const u64 tcr = c.registers.el2.TCR_EL2;
        return {TcrEl2::PS::get(tcr), TcrEl2::DS::get(tcr) != 0, kTg0[TcrEl2::TG0::get(tcr)]};
    }
    const u64 tcr = for_el2(file, c) ? c.registers.el2.TCR_EL2 : c.registers.el10.TCR_EL1;
    const bool upper = extract(c.va.value, 55, 55) != 0;
    return {TcrEl1::IPS::get(tcr), TcrEl1::DS::get(tcr) != 0,
            upper ? kTg1[TcrEl1::TG1::get(tcr)] : kTg0[TcrEl1::TG0::get(tcr)]};
}

bool qemu_short_addresses(const RecordFile& file, CheckedCase& c) {
    if (file.features.pa_bits < 52) return false;
    bool altered = false;
    const auto clear = [&altered](u64& value, u64 bits) {
        altered |= (value & bits) != 0;
        value &= ~bits;
    };
    for (const unsigned stage : {1u, 2u}) {
        const Sizes sizes = sizes_of(file, c, stage);
        if (sizes.ps >= 6) continue;
        const bool el2 = stage == 2 || for_el2(file, c);
        const bool swapped =
            SctlrEl1::EE::get(el2 ? c.registers.el2.SCTLR_EL2 : c.registers.el10.SCTLR_EL1) != 0;
        const u64 bits = sizes.granule_bits == 16 ? trapeze::mask(15, 12)
                         : sizes.ds               ? trapeze::mask(9, 8)
                                                  : 0;
        for (auto& [address, word] : c.descriptors)
            if (word.stage == stage) clear(word.value, swapped ? __builtin_bswap64(bits) : bits);
        if (stage == 2) {
            clear(c.registers.el2.VTTBR_EL2, trapeze::mask(5, 2));
            continue;
        }
        clear(el2 ? c.registers.el2.TTBR0_EL2 : c.registers.el10.TTBR0_EL1, trapeze::mask(5, 2));
        clear(el2 ? c.registers.el2.TTBR1_EL2 : c.registers.el10.TTBR1_EL1, trapeze::mask(5, 2));
    }
    return altered;
}

// PAR_EL1 is an Address size fault with a block that is larger than the output.
bool large_block(const Comparison& x, u64 par) {
    if ((par & 1) == 0 || extract(par, 6, 3) != 0) return false;
    const Sizes sizes = sizes_of(x.file, x.c, ParEl1::S::get(par) != 0 ? 2 : 1);
    const auto level = static_cast<unsigned>(extract(par, 2, 1));
    const unsigned block_bits = sizes.granule_bits + (3 - level) * (sizes.granule_bits - 3);
    return block_bits > trapeze::arch::physical_address_bits(sizes.ps);
}
u64 qemu_large_blocks(const Comparison& x) {
    const bool expected = !x.expected.exception && large_block(x, x.expected.par);
    const bool found = !x.c.exception && large_block(x, x.c.result);
    return expected || found ? kEverything : 0;
}

// What an AT S12E* combines, if it gets that far.
struct Combined {
    u8 stage1;     // as MAIR_ELx
    u64 mem_attr;  // MemAttr[3:0] of stage 2
    bool fwb;
    bool cd;

    bool stage1_device() const { return (stage1 & 0xf0) == 0; }
    bool stage2_device() const { return fwb ? (mem_attr & 0b0100) == 0 : mem_attr < 0b0100; }
};
std::optional<Combined> combined_by(const Comparison& x) {
    using enum mem::AtOperation;
    constexpr mem::AtOperation kStage1[] = {S1E1R, S1E1W, S1E0R, S1E0W};
    if (!x.expected.result || row_of(x.c).stages != mem::Stages::Both || !stage2_on(x.c)) return std::nullopt;
    if (for_el2(x.file, x.c)) return std::nullopt;
    CheckedCase c = x.c;
    c.operation = kStage1[static_cast<unsigned>(c.operation) - static_cast<unsigned>(S12E1R)];
    const Walk stage1 = walk(x.file, c);
    if (!stage1.result) return std::nullopt;
    const auto stage2 = mem::walk_stage2(c.registers.el2, c.features, {.kind = mem::AccessKind::Any},
                                         stage1.result->pa, reader_of(c));
    if (!stage2) return std::nullopt;
    const u64 hcr = c.registers.el2.HCR_EL2;
    return Combined{.stage1 = stage1.result->attributes.attr,
                    .mem_attr = trapeze::arch::Stage2Descriptor::MemAttr::get(stage2->descriptor),
                    .fwb = c.features.fwb && HcrEl2::FWB::get(hcr) != 0,
                    .cd = HcrEl2::CD::get(hcr) != 0};
}

u64 reserved_mem_attr(const Comparison& x) {
    const auto a = combined_by(x);
    if (!a || a->fwb) return 0;
    return (a->mem_attr & 0b0011) == 0 && a->mem_attr != 0 ? kAttributes : 0;
}

u64 reserved_mair(const Comparison& x) {
    const auto a = combined_by(x);
    if (!a || a->stage1_device() || (a->stage1 & 0x0f) != 0) return 0;
    const bool allocated =
        a->stage1 == 0xf0 ? x.c.features.mte2 : x.c.features.xs && (a->stage1 == 0x40 || a->stage1 == 0xa0);
    return allocated ? 0 : kAttributes;
}

u64 early_shareability(const Comparison& x) {
    const auto a = combined_by(x);
    return a && a->fwb && (a->mem_attr & 0b0111) == 0b0110 ? ParEl1::SH::kMask : 0;
}

u64 qemu_fwb(const Comparison& x) {
    const auto a = combined_by(x);
    if (!a || !a->fwb) return 0;
    const bool both_device = a->stage1_device() && a->stage2_device();
    const bool reserved = a->mem_attr == 0b0100 || a->mem_attr >= 0b1000;
    return both_device || reserved || a->cd ? kAttributes : 0;
}

u64 qemu_device_and_normal(const Comparison& x) {
    const auto a = combined_by(x);
    constexpr u64 kDeviceType = trapeze::mask(59, 58);
    return a && !a->fwb && a->stage1_device() != a->stage2_device() ? kDeviceType : 0;
}

u64 qemu_transient(const Comparison& x) {
    const auto a = combined_by(x);
    constexpr u64 kNotTransient = bit(63) | bit(59);
    return a && !a->fwb && !a->stage1_device() && !a->stage2_device() ? kNotTransient : 0;
}

u64 stage2_t0sz(const Comparison& x) {
    if (!x.c.features.el2 || for_el2(x.file, x.c) || !stage2_on(x.c)) return 0;
    return VtcrEl2::T0SZ::get(x.c.registers.el2.VTCR_EL2) + x.c.features.pa_bits < 64 ? kEverything : 0;
}

u64 qemu_dirty_state(const Comparison& x) {
    constexpr u64 kLevel = trapeze::mask(2, 1);
    constexpr u64 kPermissionOnWalk = 0xb19;
    if (row_of(x.c).kind != mem::AccessKind::Write || !stage2_on(x.c) || x.c.exception) return 0;
    if ((x.c.result & ~kLevel) != kPermissionOnWalk || !x.expected.result) return 0;
    const u64 descriptor = x.expected.result->descriptor;
    return trapeze::arch::Descriptor::DBM::get(descriptor) != 0 &&
                   trapeze::arch::Descriptor::AP2::get(descriptor) != 0
               ? kEverything
               : 0;
}

u64 qemu_pan_of_host(const Comparison& x) {
    constexpr u64 kNv1 = HcrEl2::NV::kMask | HcrEl2::NV1::kMask;
    const bool host = for_el2(x.file, x.c) && !row_of(x.c).el2;
    const bool nv1 = x.c.features.nv && (x.c.registers.el2.HCR_EL2 & kNv1) == kNv1;
    return host && nv1 && row_of(x.c).pan && x.c.pan && !x.c.exception ? kEverything : 0;
}

constexpr Rule kRules[] = {
    {"NS", "PAR_EL1.NS is UNKNOWN in Non-secure state", ns_is_unknown, nullptr},
    {"reserved SH", "QEMU reports the reserved shareability 0b01, which is Non-shareable here",
     qemu_reports_reserved_sh, nullptr},
    {"SCTLR_ELx.C", "QEMU reports the attributes as if data caches were enabled", nullptr, qemu_ignores_c},
    {"XS", "QEMU has FEAT_XS, but does not report the XS attribute", nullptr, qemu_has_no_xs},
    {"TGE without E2H", "QEMU honours SCTLR_EL1.M for AT with HCR_EL2.TGE = 1, but not HCR_EL2.PTW", nullptr,
     qemu_ignores_tge},
    {"HCR_EL2.PTW", "QEMU has its fault without stage 2, and always at level 0", qemu_ptw, nullptr},
    {"52-bit fields",
     "QEMU ignores bits [51:48] or [51:50] of an address if TCR_ELx.PS is below 52 bits, "
     "where the pseudocode has an Address size fault",
     nullptr, qemu_short_addresses},
    {"large blocks",
     "QEMU compares the address in a descriptor with TCR_ELx.PS, all bits of it; the pseudocode the output, "
     "which has bits of the input address if the block is larger",
     qemu_large_blocks, nullptr},
    {"reserved MemAttr", "The inner field of MemAttr[3:0] has the reserved value 0b00, Non-cacheable here",
     reserved_mem_attr, nullptr},
    {"reserved MAIR", "The inner nibble of MAIR_ELx has the reserved value 0b0000, Non-cacheable here",
     reserved_mair, nullptr},
    {"early shareability",
     "Whether stage 1 or the end makes Device and Non-cacheable Outer Shareable is IMPLEMENTATION DEFINED, "
     "and "
     "matters if stage 2 makes it Write-Back",
     early_shareability, nullptr},
    {"FWB",
     "With HCR_EL2.FWB QEMU forgets stage 1's Device type if stage 2 has one, takes reserved values of "
     "MemAttr for Device-nGnRnE, and ignores HCR_EL2.CD",
     qemu_fwb, nullptr},
    {"transient", "QEMU loses stage 1's transient hint when stage 2 makes it Write-Through", qemu_transient,
     nullptr},
    {"stage 2 T0SZ",
     "QEMU does not bound VTCR_EL2.T0SZ by the size of physical addresses; fault or clamp is allowed",
     stage2_t0sz, nullptr},
    {"dirty state", "QEMU's AT clears AP[2] if DBM is set, and reports if stage 2 forbids it",
     qemu_dirty_state, nullptr},
    {"PAN of a host", "QEMU turns PAN off for HCR_EL2.{NV,NV1}, for the EL2&0 regime as well",
     qemu_pan_of_host, nullptr},
    {"Device and Normal",
     "QEMU takes the inner nibble of the stage that has Normal memory for a type of Device",
     qemu_device_and_normal, nullptr},
};

// ESR_ELx of the Data Abort that the walker expects: only the status code.
bool same_exception(const Comparison& x) {
    constexpr u64 kDataAbortSameEl = 0x25;
    if (extract(x.c.result, 31, 26) != kDataAbortSameEl) return false;
    // At EL1 the host's KVM makes the abort, without the level.
    constexpr u64 kSynchronousExternalAbort = 0x10;
    const u64 status = extract(x.c.result, 5, 0);
    if (x.file.header.el == 1 && status == kSynchronousExternalAbort) return true;
    return status == extract(x.expected.par, 6, 1);
}

// What is left after the rules that mask something; they are added to `used`.
u64 difference(const Comparison& x, std::vector<const Rule*>& used) {
    u64 bits = kEverything;
    if (x.expected.exception == x.c.exception)
        bits = x.c.exception ? (same_exception(x) ? 0 : kEverything) : x.expected.par ^ x.c.result;
    for (const Rule& rule : kRules) {
        if (bits == 0 || rule.mask == nullptr) continue;
        const u64 mask = rule.mask(x);
        if ((bits & mask) == 0) continue;
        used.push_back(&rule);
        bits &= ~mask;
    }
    return bits;
}

}  // namespace

std::span<const Rule> rules() {
    return kRules;
}

namespace {

// A walk of the case that these rules make of it; `used` gets those, and the ones that mask something.
Verdict try_rules(const RecordFile& file, CheckedCase c, std::span<const Rule* const> altering,
                  std::vector<const Rule*>& used) {
    used.clear();
    for (const Rule* rule : altering)
        if (rule->alter(file, c)) used.push_back(rule);
    const Walk expected = walk(file, c);
    if (expected.unknown) return Verdict::Undecided;
    return difference({file, c, expected}, used) == 0 ? Verdict::Agrees : Verdict::Differs;
}

}  // namespace

Explanation explain(const RecordFile& file, const CheckedCase& c) {
    Explanation result;
    result.verdict = try_rules(file, c, {}, result.used);
    if (result.verdict != Verdict::Differs) return result;
    std::vector<const Rule*> altering;
    for (const Rule& rule : kRules)
        if (rule.alter != nullptr) altering.push_back(&rule);
    result.verdict = try_rules(file, c, altering, result.used);
    if (result.verdict != Verdict::Agrees) return result;
    // Only those that it takes.
    for (std::size_t i = 0; i < altering.size();) {
        std::vector<const Rule*> fewer = altering;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
        std::vector<const Rule*> used;
        if (try_rules(file, c, fewer, used) == Verdict::Agrees) {
            altering = fewer;
            result.used = used;
        } else {
            ++i;
        }
    }
    return result;
}

}  // namespace at
