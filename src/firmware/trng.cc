#include "trapeze/firmware/trng.h"

#include <sys/random.h>

#include <array>

#include "trapeze/arch/smccc.h"
#include "trapeze/base/bits.h"
#include "trapeze/firmware/trace_events.h"
#include "trapeze/trap/call.h"

namespace trapeze::firmware {
namespace {

using trap::Outcome;
using trap::result;
namespace s = arch::smccc;

constexpr s64 kVersion1_0 = 0x1'0000;  // major in [30:16], minor in [15:0]

// Identifies this implementation of the interface: cf50a8dc-c111-458b-a183-ef73baab900e, as the four words of
// DEN0028 "UID": byte 0 of the identifier is in the low byte of W0.
constexpr std::array<u64, 4> kUuid = {0xdca8'50cf, 0x8b45'11c1, 0x73ef'83a1, 0x0e90'abba};
static_assert(kUuid[0] != 0xffff'ffff, "would read as NOT_SUPPORTED");

template <Outcome (Trng::*Handle)(trap::CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<Trng> trng(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<Trng, Handle, trng_call>(function, arguments, spec);
}

constexpr trap::HypercallRow<Trng> kRows[] = {
    trng<&Trng::version>(s::TRNG_VERSION, 0, "DEN0098 TRNG_VERSION"),
    trng<&Trng::features>(s::TRNG_FEATURES, 1, "DEN0098 TRNG_FEATURES"),
    trng<&Trng::get_uuid>(s::TRNG_GET_UUID, 0, "DEN0098 TRNG_GET_UUID"),
    trng<&Trng::rnd>(s::TRNG_RND32, 1, "DEN0098 TRNG_RND32"),
    trng<&Trng::rnd>(s::TRNG_RND64, 1, "DEN0098 TRNG_RND64"),
};
static_assert(trap::valid_hypercall_table(kRows));

bool is_trng_function(u32 function) {
    return (function & ~u32{0x4000'0000}) >= s::TRNG_VERSION &&
           (function & ~u32{0x4000'0000}) <= s::TRNG_RND32;
}

// X1 to X3 are zero with an error.
Outcome rnd_error(s64 code) {
    return trap::CallResult{.x = {static_cast<u64>(code)}, .count = 4};
}

}  // namespace

std::span<const trap::HypercallRow<Trng>> Trng::table() {
    return kRows;
}

bool host_entropy(std::span<u8> buffer) {
    // Requests of up to 256 bytes are never interrupted or cut short (getrandom(2)).
    return getrandom(buffer.data(), buffer.size(), GRND_NONBLOCK) == static_cast<ssize_t>(buffer.size());
}

Outcome Trng::version(trap::CpuPort&, const Args&) {
    return result(kVersion1_0);
}

Outcome Trng::features(trap::CpuPort&, const Args& args) {
    const u32 function = static_cast<u32>(args.x1);
    const bool present = is_trng_function(function) && calls_.implements(function);
    return result(present ? s::TRNG_SUCCESS : s::TRNG_NOT_SUPPORTED);
}

Outcome Trng::get_uuid(trap::CpuPort&, const Args&) {
    return trap::CallResult{.x = kUuid, .count = 4};
}

// The requested bits are the low ones of X1:X2:X3 (W1:W2:W3); everything above is zero.
Outcome Trng::rnd(trap::CpuPort&, const Args& args) {
    const unsigned word_bits = s::is_smc64(args.function) ? 64 : 32;
    const u64 bits = args.x1;
    if (bits < 1 || bits > 3 * word_bits) return rnd_error(s::TRNG_INVALID_PARAMETERS);

    std::array<u8, 3 * sizeof(u64)> bytes{};
    if (!entropy_(std::span(bytes).first((bits + 7) / 8))) return rnd_error(s::TRNG_NO_ENTROPY);

    trap::CallResult call{.x = {static_cast<u64>(s::TRNG_SUCCESS)}, .count = 4};
    for (unsigned word = 0; word < 3; ++word) {
        const u64 low_bit = u64{word} * word_bits;
        if (low_bit >= bits) break;
        u64 value = 0;
        for (unsigned i = 0; i < word_bits / 8; ++i) value |= u64{bytes[low_bit / 8 + i]} << (8 * i);
        const u64 wanted = bits - low_bit;
        if (wanted < word_bits) value &= low_mask(static_cast<unsigned>(wanted));
        call.x[3 - word] = value;
    }
    return call;
}

}  // namespace trapeze::firmware
