#include "rules.h"

#include <algorithm>
#include <string_view>

#include "trapeze/base/bits.h"

namespace load_store {
namespace {

using namespace trapeze;
using arch::Addressing;
using arch::LoadStore;
using arch::MemoryOp;
using arch::RegisterList;

// Beginnings of mnemonics, the longer first, and what the description makes of them.
struct Spelling {
    std::string_view theirs;
    std::string_view ours;
    const char* reason;
};
constexpr Spelling kSpellings[] = {
    {"ldapursw", "ldarsw", "an order that a device cannot tell from LDAR's; the form of the offset"},
    {"ldapurs", "ldars", "likewise"},
    {"ldapur", "ldar", "likewise"},
    {"ldapr", "ldar", "likewise"},
    {"ldlar", "ldar", "likewise"},
    {"stlur", "stlr", "likewise"},
    {"stllr", "stlr", "likewise"},
    {"ldur", "ldr", "the form of the offset"},
    {"stur", "str", "likewise"},
    {"prfum", "prfm", "likewise"},
    {"ldnp", "ldp", "a hint"},
    {"stnp", "stp", "a hint"},
};

void replace(std::string& text, std::string_view from, std::string_view to) {
    if (const auto at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
}

constexpr std::string_view kLeftOut[] = {
    "ldraa", "ldrab",                                             // the address depends on a key
    "ldg",   "stg",   "st2g", "stzg", "stz2g", "stgm",  "stzgm",  // memory tags
    "cpy",   "setp",  "setm", "sete", "setgp", "setgm", "setge",  // FEAT_MOPS
    "rcw",                                                        // FEAT_THE
};

constexpr unsigned field(u32 instruction, unsigned high, unsigned low) {
    return static_cast<unsigned>(extract(instruction, high, low));
}

// DDI0487 "Loads and Stores": fields written (1) in the diagrams of the exclusives and LDAPR.
bool breaks_should_be_one(u32 i, const LoadStore& d) {
    const bool status = d.op == MemoryOp::StoreExclusive;
    if ((i & 0x3f00'0000) == 0x0800'0000 && !d.is_atomic()) {
        const bool rs_is_ones = status || field(i, 20, 16) == 31;
        const bool rt2_is_ones = d.registers == 2 || field(i, 14, 10) == 31;
        return !rs_is_ones || !rt2_is_ones;
    }
    return (i & 0x3fe0'fc00) == 0x38a0'c000 && field(i, 20, 16) != 31;
}

// "CONSTRAINED UNPREDICTABLE behavior for A64 instructions": registers that should differ.
bool has_overlapping_registers(const LoadStore& d) {
    const bool pair = d.registers == 2 && d.list == RegisterList::Pair;
    if (pair && d.reads_memory() && d.rt == d.rt2) return true;
    if (d.op == MemoryOp::StoreExclusive)
        return d.rs == d.rt || (pair && d.rs == d.rt2) || (d.rs == d.rn && d.rn != 31);
    if (!d.writes_back() || d.vector || d.rn == 31) return false;
    return d.rn == d.rt || (pair && d.rn == d.rt2);
}

}  // namespace

std::string respell(std::string text) {
    if (const auto comment = text.find("//"); comment != std::string::npos) text.resize(comment - 1);
    std::ranges::replace(text, '\t', ' ');
    for (const Spelling& spelling : kSpellings) {
        if (!text.starts_with(spelling.theirs)) continue;
        text.replace(0, spelling.theirs.size(), spelling.ours);
        break;
    }
    // What a prefetch is for.
    if (text.starts_with("prfm ")) text.erase(5, text.find(", ") + 2 - 5);
    // A shift of the index by nothing.
    replace(text, ", lsl #0]", "]");
    replace(text, "xtw #0]", "xtw]");
    replace(text, "xtx #0]", "xtx]");
    return text;
}

const char* excuse_difference(const LoadStore& ours, const std::string& theirs) {
    const bool range = ours.op == MemoryOp::Prefetch && theirs.starts_with("rprfm ");
    return range ? "a range prefetch, a hint as PRFM is" : nullptr;
}

const char* excuse_unknown_to_us(const std::string& theirs) {
    const bool left_out =
        std::ranges::any_of(kLeftOut, [&](std::string_view start) { return theirs.starts_with(start); });
    return left_out ? "left out (load_store.h)" : nullptr;
}

const char* excuse_unknown_to_them(u32 instruction, const LoadStore& ours) {
    if (breaks_should_be_one(instruction, ours)) return "a should-be-one bit is zero";
    if (has_overlapping_registers(ours)) return "CONSTRAINED UNPREDICTABLE registers";
    if (ours.unprivileged && ours.rt == ours.rn) return "LLVM takes LDTR and STTR for forms with writeback";
    return nullptr;
}

}  // namespace load_store
