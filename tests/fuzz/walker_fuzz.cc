// libFuzzer entry: the translation walker, for every regime, both stages and AT. The input is the guest's
// features, registers, an access and what memory holds: either each read gives the next word, as if the guest
// changed its tables all the time, and reads past the end fail; or each address has its word, in which tables
// can contain themselves, or none. Everything is allowed except crashes, sanitizer reports, and walks that
// break their contract.
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include "fuzz_input.h"
#include "trapeze/arch/translation.h"
#include "trapeze/base/bits.h"
#include "trapeze/mem/address_translate.h"

namespace trapeze::mem {
namespace {

class Input {
public:
    explicit Input(std::span<const u8> bytes) : bytes_(bytes) {}

    // Zero when the input is used up.
    u64 word() { return next().value_or(0); }
    // A word by address: memory repeats itself, with a hole.
    std::optional<u64> at(Gpa address) const {
        const std::size_t words = bytes_.size() / 8;
        const std::size_t index = (address.value >> 3) % (words + 1);
        if (index == words) return std::nullopt;
        u64 value = 0;
        std::memcpy(&value, bytes_.data() + index * 8, 8);
        return value;
    }
    std::optional<u64> next() {
        if (bytes_.empty()) return std::nullopt;
        const std::size_t size = bytes_.size() < 8 ? bytes_.size() : 8;
        u64 value = 0;
        std::memcpy(&value, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
        return value;
    }

private:
    std::span<const u8> bytes_;
};

MmuFeatures features_from(u64 word) {
    constexpr unsigned kSizes[] = {32, 36, 40, 42, 44, 48, 52, 52};
    MmuFeatures f;
    f.pa_bits = kSizes[word & 7];
    unsigned n = 3;
    for (bool* flag :
         {&f.gran4k,     &f.gran16k,    &f.gran64k, &f.lpa2_4k, &f.lpa2_16k,  &f.lva,        &f.mixed_endian,
          &f.haf,        &f.hdbs,       &f.hpds,    &f.pan,     &f.pan2,      &f.pan3,       &f.e0pd,
          &f.ttst,       &f.tcr2,       &f.s1pie,   &f.s1poe,   &f.aie,       &f.pauth,      &f.mte2,
          &f.mte_perm,   &f.mtx,        &f.xs,      &f.ats1a,   &f.el2,       &f.vhe,        &f.e2h0,
          &f.hcx,        &f.nv,         &f.fwb,     &f.xnx,     &f.s2_gran4k, &f.s2_gran16k, &f.s2_gran64k,
          &f.s2_lpa2_4k, &f.s2_lpa2_16k})
        *flag = (word >> n++ & 1) != 0;
    return f;
}

MmuRegisters registers_from(Input& input) {
    MmuRegisters r;
    El10Registers& el10 = r.el10;
    for (u64* reg :
         {&el10.SCTLR_EL1, &el10.TCR_EL1, &el10.TTBR0_EL1, &el10.TTBR1_EL1, &el10.MAIR_EL1, &el10.MAIR2_EL1,
          &el10.TCR2_EL1, &el10.PIR_EL1, &el10.PIRE0_EL1, &el10.POR_EL1, &el10.POR_EL0})
        *reg = input.word();
    El2Registers& el2 = r.el2;
    for (u64* reg : {&el2.HCR_EL2, &el2.HCRX_EL2, &el2.SCTLR_EL2, &el2.TCR_EL2, &el2.TTBR0_EL2,
                     &el2.TTBR1_EL2, &el2.MAIR_EL2, &el2.MAIR2_EL2, &el2.TCR2_EL2, &el2.PIR_EL2,
                     &el2.PIRE0_EL2, &el2.POR_EL2, &el2.VTCR_EL2, &el2.VTTBR_EL2})
        *reg = input.word();
    return r;
}

void check(const WalkResult& result, const MmuFeatures& f, int reads) {
    require((encode_par(result) & 1) == (result ? 0u : 1u));
    if (!result) {
        require(result.error().level >= -1 && result.error().level <= 3);
        require(result.error().stage2 || !result.error().on_walk);
        return;
    }
    require(result->pa.value >> f.pa_bits == 0);
    require(is_power_of_two(result->size));
    require(result->flat == (reads == 0));
    require(result->level >= -1 && result->level <= 3);
    require(!result->flat || result->descriptor == 0);
}

// What the input asks for.
struct Walk {
    MmuFeatures features;
    MmuRegisters registers;
    Regime regime;
    Stages stages;
    Access access;
    AtOperation operation;
    bool by_address;  // what memory holds
    bool tame;
    Gva va;
    u64 other;  // the offset of another address
};

// Registers with which most walks begin, for the half of the inputs that is about what comes then.
void tame(Walk& w) {
    using arch::SctlrEl1;
    using arch::TcrEl1;
    constexpr unsigned kLeast = 12;
    constexpr unsigned kMost = 39;
    const auto sized = [](u64 tcr, unsigned low) {
        return deposit(tcr, low + 5, low, kLeast + extract(tcr, low + 5, low) % (kMost - kLeast + 1));
    };
    El10Registers& el10 = w.registers.el10;
    El2Registers& el2 = w.registers.el2;
    for (u64* sctlr : {&el10.SCTLR_EL1, &el2.SCTLR_EL2})
        *sctlr = (*sctlr | SctlrEl1::M::kMask) & ~SctlrEl1::EE::kMask;
    for (u64* tcr : {&el10.TCR_EL1, &el2.TCR_EL2})
        *tcr = sized(*tcr, 0) & ~(TcrEl1::EPD0::kMask | TcrEl1::EPD1::kMask);
    if (w.regime != Regime::El2)
        for (u64* tcr : {&el10.TCR_EL1, &el2.TCR_EL2}) *tcr = sized(*tcr, 16);
    el2.VTCR_EL2 = sized(el2.VTCR_EL2, 0);
    const bool upper = w.regime != Regime::El2 && extract(w.va.value, 55, 55) != 0;
    const u64 tcr = w.regime == Regime::El10 ? el10.TCR_EL1 : el2.TCR_EL2;
    const u64 offset =
        low_mask(64 - static_cast<unsigned>(upper ? TcrEl1::T1SZ::get(tcr) : TcrEl1::T0SZ::get(tcr)));
    w.va = Gva{upper ? w.va.value | ~offset : w.va.value & offset};
}

// A descriptor that mostly is valid, and has an address that mostly fits.
u64 tame_descriptor(u64 word) {
    if (extract(word, 11, 9) == 0) return word;
    return (word | 1) & ~(mask(49, 36) | mask(15, 12) | mask(9, 8));
}

Walk walk_from(Input& input) {
    Walk w;
    w.features = features_from(input.word());
    const u64 choices = input.word();
    w.regime = static_cast<Regime>(extract(choices, 7, 0) % 3);
    w.stages = static_cast<Stages>(extract(choices, 8, 8));
    w.access = {.kind = static_cast<AccessKind>(extract(choices, 10, 9)),
                .privileged = extract(choices, 11, 11) != 0,
                .pan = extract(choices, 12, 12) != 0};
    w.by_address = extract(choices, 13, 13) != 0;
    w.other = extract(choices, 63, 24) << 12;
    w.operation = static_cast<AtOperation>(extract(choices, 23, 16) % at_operations().size());
    w.registers = registers_from(input);
    w.va = Gva{input.word()};
    w.tame = extract(choices, 14, 14) != 0;
    if (w.tame) tame(w);
    return w;
}

// Whoever lists an address space would find it.
void require_in_range(const Walk& w, const Translation& seen) {
    u64 address = w.va.value;
    if (seen.flat) {
        address &= low_mask(w.features.pa_bits);
    } else {
        // Tags aside.
        address = extract(address, 55, 55) != 0 ? address | ~low_mask(56) : address & low_mask(56);
    }
    bool found = false;
    for (const GvaRange& range : address_ranges(w.registers, w.features, w.regime))
        found = found || (address >= range.first.value && address <= range.last.value);
    require(found);
}

// An answer is that of all addresses around it, as far as it says.
template <typename Translate>
void require_alike(const Walk& w, const WalkResult& seen, Translate translate) {
    const u64 size = seen ? seen->size : seen.error().size;
    if (size == 0) return;
    require(is_power_of_two(size));
    const u64 offset = w.other & (size - 1);
    const u64 own = w.va.value & (size - 1);
    const WalkResult other = translate(Gva{w.va.value - own + offset});
    require(other.has_value() == seen.has_value());
    if (seen) {
        require(other->pa.value - offset == seen->pa.value - own && other->size == size);
    } else {
        Fault fault = other.error();
        // An output that stage 2 does not have is another one.
        fault.ipa = seen.error().ipa;
        require(fault == seen.error());
    }
}

void fuzz(std::span<const u8> bytes) {
    Input input(bytes);
    const Walk w = walk_from(input);
    int reads = 0;
    Input memory = input;
    const DescriptorReader reader = [&](Gpa address) {
        require(++reads <= kMostReads);
        require(address.value % 8 == 0 && address.value >> w.features.pa_bits == 0);
        const std::optional<u64> word = w.by_address ? input.at(address) : memory.next();
        return word && w.tame ? tame_descriptor(*word) : word;
    };
    const auto again = [&] {
        reads = 0;
        memory = input;
    };

    const WalkResult result = walk(w.registers, w.features, w.regime, w.stages, w.access, w.va, reader);
    check(result, w.features, reads);

    again();
    check(walk_at(w.operation, w.registers, w.features, w.access.pan, w.va, reader), w.features, reads);

    again();
    check(walk_stage2(w.registers.el2, w.features, w.access, Gpa{w.va.value}, reader), w.features, reads);
    require(reads <= kMostLevels);

    again();
    check(walk_stage1(w.registers.el10, w.features, w.access, w.va, reader), w.features, reads);
    require(reads <= kMostLevels);

    // A debugger sees what an access would, with the same tables.
    again();
    const WalkResult seen = translate_for_debug(w.registers, w.features, w.regime, w.va, reader);
    check(seen, w.features, reads);
    if (result && w.stages == Stages::Both && w.access.kind != AccessKind::Fetch)
        require(seen && seen->pa == result->pa);
    if (seen) require_in_range(w, *seen);

    if (!w.by_address) return;
    again();
    require_alike(w, seen,
                  [&](Gva va) { return translate_for_debug(w.registers, w.features, w.regime, va, reader); });
}

}  // namespace
}  // namespace trapeze::mem

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, size_t size) {
    trapeze::mem::fuzz({data, size});
    return 0;
}
