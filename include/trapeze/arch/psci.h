// Power State Coordination Interface 1.3 (DEN0022 F.b): function identifiers, return codes and argument
// formats. Identifiers are spelled as in the document; a function that exists in both calling conventions has
// its SMC64 identifier as NAME_64.
#pragma once

#include "trapeze/base/bits.h"

namespace trapeze::arch::psci {

inline constexpr u32 PSCI_VERSION = 0x8400'0000;
inline constexpr u32 CPU_SUSPEND = 0x8400'0001;
inline constexpr u32 CPU_OFF = 0x8400'0002;
inline constexpr u32 CPU_ON = 0x8400'0003;
inline constexpr u32 AFFINITY_INFO = 0x8400'0004;
inline constexpr u32 MIGRATE = 0x8400'0005;
inline constexpr u32 MIGRATE_INFO_TYPE = 0x8400'0006;
inline constexpr u32 MIGRATE_INFO_UP_CPU = 0x8400'0007;
inline constexpr u32 SYSTEM_OFF = 0x8400'0008;
inline constexpr u32 SYSTEM_RESET = 0x8400'0009;
inline constexpr u32 PSCI_FEATURES = 0x8400'000a;
inline constexpr u32 CPU_FREEZE = 0x8400'000b;
inline constexpr u32 CPU_DEFAULT_SUSPEND = 0x8400'000c;
inline constexpr u32 NODE_HW_STATE = 0x8400'000d;
inline constexpr u32 SYSTEM_SUSPEND = 0x8400'000e;
inline constexpr u32 PSCI_SET_SUSPEND_MODE = 0x8400'000f;
inline constexpr u32 PSCI_STAT_RESIDENCY = 0x8400'0010;
inline constexpr u32 PSCI_STAT_COUNT = 0x8400'0011;
inline constexpr u32 SYSTEM_RESET2 = 0x8400'0012;
inline constexpr u32 MEM_PROTECT = 0x8400'0013;
inline constexpr u32 MEM_PROTECT_CHECK_RANGE = 0x8400'0014;
inline constexpr u32 SYSTEM_OFF2 = 0x8400'0015;

inline constexpr u32 CPU_SUSPEND_64 = 0xc400'0001;
inline constexpr u32 CPU_ON_64 = 0xc400'0003;
inline constexpr u32 AFFINITY_INFO_64 = 0xc400'0004;
inline constexpr u32 MIGRATE_64 = 0xc400'0005;
inline constexpr u32 MIGRATE_INFO_UP_CPU_64 = 0xc400'0007;
inline constexpr u32 CPU_DEFAULT_SUSPEND_64 = 0xc400'000c;
inline constexpr u32 NODE_HW_STATE_64 = 0xc400'000d;
inline constexpr u32 SYSTEM_SUSPEND_64 = 0xc400'000e;
inline constexpr u32 PSCI_STAT_RESIDENCY_64 = 0xc400'0010;
inline constexpr u32 PSCI_STAT_COUNT_64 = 0xc400'0011;
inline constexpr u32 SYSTEM_RESET2_64 = 0xc400'0012;
inline constexpr u32 MEM_PROTECT_CHECK_RANGE_64 = 0xc400'0014;
inline constexpr u32 SYSTEM_OFF2_64 = 0xc400'0015;

// The function identifiers that DEN0022 reserves for PSCI, in either convention.
constexpr bool is_psci_function(u32 function) {
    return (function & 0xbfff'ffe0) == 0x8400'0000;
}

// DEN0022 "Return error codes".
enum class Status : s32 {
    SUCCESS = 0,
    NOT_SUPPORTED = -1,
    INVALID_PARAMETERS = -2,
    DENIED = -3,
    ALREADY_ON = -4,
    ON_PENDING = -5,
    INTERNAL_FAILURE = -6,
    NOT_PRESENT = -7,
    DISABLED = -8,
    INVALID_ADDRESS = -9,
};

// PSCI_VERSION: major in [31:16], minor in [15:0].
inline constexpr u32 kVersion1_3 = 0x0001'0003;

// AFFINITY_INFO: state of an affinity instance.
enum class AffinityState : u8 { ON = 0, OFF = 1, ON_PENDING = 2 };

// MIGRATE_INFO_TYPE: no Trusted OS, or one that needs no migration.
inline constexpr u64 kMigrationNotRequired = 2;

// target_cpu and target_affinity in the format of MPIDR_EL1; every other bit must be zero.
inline constexpr u64 kTargetMask32 = mask(23, 0);
inline constexpr u64 kTargetMask64 = mask(39, 32) | mask(23, 0);

// CPU_SUSPEND power_state, "Original format" (PSCI_FEATURES(CPU_SUSPEND) bit [1] is 0).
struct PowerState {
    using StateId = Field<15, 0>;
    using PowerDown = Field<16, 16>;
    using PowerLevel = Field<25, 24>;
    static constexpr u64 kReserved = ~(StateId::kMask | PowerDown::kMask | PowerLevel::kMask);
};

// SYSTEM_RESET2 reset_type: SYSTEM_WARM_RESET; [31] set is vendor-specific, anything else is reserved.
inline constexpr u64 kSystemWarmReset = 0;
using VendorReset = Field<31, 31>;

// SYSTEM_OFF2 type; also the flags of PSCI_FEATURES(SYSTEM_OFF2).
inline constexpr u64 kHibernateOff = 1;

}  // namespace trapeze::arch::psci
