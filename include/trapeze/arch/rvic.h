// Reduced Virtual Interrupt Controller and Distributor (DEN0103): function identifiers, statuses and limits
// of version 0.3 of the interface. Arm published it as an alpha specification that leaves the function
// identifiers out; these are the placeholders that the Linux drivers of the 2020 patch series use. All of
// this may change; nothing else in the program knows a number of it.
#pragma once

#include "trapeze/arch/smccc.h"
#include "trapeze/base/bits.h"

namespace trapeze::arch::rvic {

inline constexpr u32 RVID_VERSION = 0xc500'0100;
inline constexpr u32 RVID_MAP = 0xc500'0101;
inline constexpr u32 RVID_UNMAP = 0xc500'0102;

inline constexpr u32 RVIC_VERSION = 0xc500'0200;
inline constexpr u32 RVIC_INFO = 0xc500'0201;
inline constexpr u32 RVIC_ENABLE = 0xc500'0202;
inline constexpr u32 RVIC_DISABLE = 0xc500'0203;
inline constexpr u32 RVIC_SET_MASKED = 0xc500'0204;
inline constexpr u32 RVIC_CLEAR_MASKED = 0xc500'0205;
inline constexpr u32 RVIC_IS_PENDING = 0xc500'0206;
inline constexpr u32 RVIC_SIGNAL = 0xc500'0207;
inline constexpr u32 RVIC_CLEAR_PENDING = 0xc500'0208;
inline constexpr u32 RVIC_ACKNOWLEDGE = 0xc500'0209;
inline constexpr u32 RVIC_RESAMPLE = 0xc500'020a;

// The functions as ranges without holes, for whoever has to ask a kernel for them.
struct FunctionRange {
    u32 first;
    u32 count;
};
inline constexpr FunctionRange kFunctionRanges[] = {
    {RVID_VERSION, RVID_UNMAP - RVID_VERSION + 1},
    {RVIC_VERSION, RVIC_RESAMPLE - RVIC_VERSION + 1},
};
static_assert(kFunctionRanges[0].count == 3 && kFunctionRanges[1].count == 11);
static_assert(smccc::is_fast(RVID_VERSION) && smccc::is_smc64(RVID_VERSION) &&
              smccc::owner(RVID_VERSION) == smccc::Owner::StandardHypervisor);
static_assert(smccc::is_fast(RVIC_VERSION) && smccc::is_smc64(RVIC_VERSION) &&
              smccc::owner(RVIC_VERSION) == smccc::Owner::StandardHypervisor);

// RVIC_VERSION and RVID_VERSION.
struct Version {
    using Major = Field<31, 16>;
    using Minor = Field<15, 0>;
};
inline constexpr u64 kVersion0_3 = Version::Major::make(0) | Version::Minor::make(3);
static_assert(kVersion0_3 == 3);

// What X0 of every call returns: why, and the position of the argument that is to blame, counted from 0 (X1).
// Results other than the status are in X1; X2 and X3 are zero.
struct Status {
    using Reason = Field<7, 0>;
    using Index = Field<15, 8>;
};
// rVID knows the first two only.
enum class Reason : u8 {
    SUCCESS = 0,
    ERROR_PARAMETER = 1,
    INVALID_CPU = 2,
    DISABLED = 3,
    NO_INTERRUPTS = 4,
};
constexpr u64 status(Reason reason, unsigned index = 0) {
    return Status::Reason::make(static_cast<u64>(reason)) | Status::Index::make(index);
}
static_assert(status(Reason::SUCCESS) == 0 && status(Reason::ERROR_PARAMETER, 2) == 0x201);

// RVIC_INFO keys.
inline constexpr u64 kInfoTrusted = 0;    // number of trusted interrupts
inline constexpr u64 kInfoUntrusted = 1;  // number of untrusted interrupts, and of rVID inputs

// INTIDs of a PE: trusted from 0, then untrusted. Each kind comes in multiples of 32, at least 32.
inline constexpr u32 kInterruptGranule = 32;
inline constexpr u32 kMaxInterrupts = 2048;

}  // namespace trapeze::arch::rvic
