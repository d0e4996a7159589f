// SMC Calling Convention: function identifiers and the Arm Architecture Calls (DEN0028), and the True Random
// Number Generator firmware interface (DEN0098). Identifiers are spelled as in the documents.
#pragma once

#include "trapeze/base/bits.h"

namespace trapeze::arch::smccc {

// DEN0028 "Function Identifiers": the fields of W0.
struct FunctionId {
    using Fast = Field<31, 31>;
    using Smc64 = Field<30, 30>;
    using Owner = Field<29, 24>;
    // SMCCC 1.3: the caller's promise that it has no live SVE state. Not part of the function's identity.
    using SveHint = Field<16, 16>;
    using Number = Field<15, 0>;
};

// DEN0028 "Owning Entity Numbers".
enum class Owner : u8 {
    ArmArchitecture = 0,
    Cpu = 1,
    Sip = 2,
    Oem = 3,
    StandardSecure = 4,
    StandardHypervisor = 5,
    VendorHypervisor = 6,
};

constexpr bool is_fast(u32 function) {
    return FunctionId::Fast::get(function) != 0;
}
constexpr bool is_smc64(u32 function) {
    return FunctionId::Smc64::get(function) != 0;
}
constexpr Owner owner(u32 function) {
    return static_cast<Owner>(FunctionId::Owner::get(function));
}
// The function that a caller means with W0: fast calls may carry the SVE hint.
constexpr u32 without_hint(u32 w0) {
    return is_fast(w0) ? static_cast<u32>(FunctionId::SveHint::set(w0, 0)) : w0;
}

// --- Arm Architecture Calls -----------------------------------------------------------------------------

inline constexpr u32 SMCCC_VERSION = 0x8000'0000;
inline constexpr u32 SMCCC_ARCH_FEATURES = 0x8000'0001;
inline constexpr u32 SMCCC_ARCH_SOC_ID = 0x8000'0002;
inline constexpr u32 SMCCC_ARCH_WORKAROUND_3 = 0x8000'3fff;
inline constexpr u32 SMCCC_ARCH_WORKAROUND_2 = 0x8000'7fff;
inline constexpr u32 SMCCC_ARCH_WORKAROUND_1 = 0x8000'8000;

// DEN0028 "Return codes".
inline constexpr s64 SMCCC_SUCCESS = 0;
inline constexpr s64 SMCCC_NOT_SUPPORTED = -1;
inline constexpr s64 SMCCC_NOT_REQUIRED = -2;
inline constexpr s64 SMCCC_INVALID_PARAMETER = -3;

// Answer of SMCCC_ARCH_FEATURES(SMCCC_ARCH_WORKAROUND_1 or _3): the call exists, this PE does not need it.
inline constexpr s64 kWorkaroundNotNeededHere = 1;

// --- True Random Number Generator -----------------------------------------------------------------------

inline constexpr u32 TRNG_VERSION = 0x8400'0050;
inline constexpr u32 TRNG_FEATURES = 0x8400'0051;
inline constexpr u32 TRNG_GET_UUID = 0x8400'0052;
inline constexpr u32 TRNG_RND32 = 0x8400'0053;
inline constexpr u32 TRNG_RND64 = 0xc400'0053;

// DEN0098 "Return codes".
inline constexpr s64 TRNG_SUCCESS = 0;
inline constexpr s64 TRNG_NOT_SUPPORTED = -1;
inline constexpr s64 TRNG_INVALID_PARAMETERS = -2;
inline constexpr s64 TRNG_NO_ENTROPY = -3;

}  // namespace trapeze::arch::smccc
