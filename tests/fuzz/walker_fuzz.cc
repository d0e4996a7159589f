// libFuzzer entry: the translation walker. The input is the guest's features, registers, an access and what
// memory holds; reads past its end fail. Everything is allowed except crashes, sanitizer reports, and walks
// that break their contract.
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>

#include "trapeze/base/bits.h"
#include "trapeze/mem/walker.h"

namespace trapeze::mem {
namespace {

constexpr int kMostReads = 5;

void require(bool condition) {
    if (!condition) std::abort();
}

class Input {
public:
    explicit Input(std::span<const u8> bytes) : bytes_(bytes) {}

    // Zero when the input is used up.
    u64 word() { return next().value_or(0); }
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
    for (bool* flag : {&f.gran4k, &f.gran16k, &f.gran64k, &f.lpa2_4k, &f.lpa2_16k, &f.lva,  &f.mixed_endian,
                       &f.haf,    &f.hdbs,    &f.hpds,    &f.pan,     &f.pan3,     &f.e0pd, &f.ttst,
                       &f.tcr2,   &f.s1pie,   &f.s1poe,   &f.aie,     &f.pauth,    &f.mtx})
        *flag = (word >> n++ & 1) != 0;
    return f;
}

void check_translation(const Translation& t, const MmuFeatures& f, Gva va, int reads) {
    require(t.pa.value >> f.pa_bits == 0);
    require(is_power_of_two(t.size));
    require(((t.pa.value ^ va.value) & (t.size - 1) & low_mask(f.pa_bits)) == 0);
    require(t.flat == (reads == 0));
    require(t.level >= -1 && t.level <= 3);
    require(!t.flat || t.descriptor == 0);
}

void fuzz(std::span<const u8> bytes) {
    Input input(bytes);
    const u64 choices = input.word();
    const MmuFeatures features = features_from(choices);
    const Access access{.kind = static_cast<AccessKind>(extract(choices, 33, 32)),
                        .privileged = extract(choices, 34, 34) != 0,
                        .pan = extract(choices, 35, 35) != 0};
    El10Registers r;
    for (u64* reg : {&r.SCTLR_EL1, &r.TCR_EL1, &r.TTBR0_EL1, &r.TTBR1_EL1, &r.MAIR_EL1, &r.MAIR2_EL1,
                     &r.TCR2_EL1, &r.PIR_EL1, &r.PIRE0_EL1, &r.POR_EL1, &r.POR_EL0})
        *reg = input.word();
    const Gva va{input.word()};

    int reads = 0;
    const auto reader = [&](Input& memory) {
        return [&](Gpa address) {
            require(++reads <= kMostReads);
            require(address.value % 8 == 0 && address.value >> features.pa_bits == 0);
            return memory.next();
        };
    };
    Input memory = input;
    const WalkResult result = walk_stage1(r, features, access, va, reader(memory));
    if (result) check_translation(*result, features, va, reads);
    require((encode_par(result) & 1) == (result ? 0u : 1u));

    // A debugger sees what an access would, of EL1 and with the same tables.
    reads = 0;
    memory = input;
    const WalkResult seen = translate_for_debug(r, features, va, reader(memory));
    if (seen) check_translation(*seen, features, va, reads);
    if (result && access.kind != AccessKind::Fetch) require(seen && seen->pa == result->pa);
}

}  // namespace
}  // namespace trapeze::mem

extern "C" int LLVMFuzzerTestOneInput(const trapeze::u8* data, size_t size) {
    trapeze::mem::fuzz({data, size});
    return 0;
}
