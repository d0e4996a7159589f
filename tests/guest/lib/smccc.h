// SMC calling convention (DEN0028) and PSCI (DEN0022) as seen by a caller.
#pragma once

#include "guest.h"

extern "C" void secondary_entry();

namespace guest {

namespace smccc {

struct Result {
    u64 x[4];
};

// x0-x17 are what the callee may change in SMCCC 1.0; anything else changing is a bug that the caller would
// notice.
#define GUEST_SMCCC_CALL(conduit)                                                                       \
    inline Result conduit(u64 id, u64 a1 = 0, u64 a2 = 0, u64 a3 = 0) {                                 \
        register u64 x0 asm("x0") = id;                                                                 \
        register u64 x1 asm("x1") = a1;                                                                 \
        register u64 x2 asm("x2") = a2;                                                                 \
        register u64 x3 asm("x3") = a3;                                                                 \
        asm volatile(#conduit " #0"                                                                     \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                           \
                     :                                                                                  \
                     : "memory", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
                       "x15", "x16", "x17");                                                            \
        return {{x0, x1, x2, x3}};                                                                      \
    }
GUEST_SMCCC_CALL(hvc)
GUEST_SMCCC_CALL(smc)

constexpr u64 kVersion = 0x80000000;
constexpr u64 kArchFeatures = 0x80000001;
constexpr u64 kArchSocId = 0x80000002;
constexpr u64 kArchWorkaround1 = 0x80008000;
constexpr u64 kArchWorkaround2 = 0x80007fff;
constexpr u64 kArchWorkaround3 = 0x80003fff;
constexpr u64 kTrngVersion = 0x84000050;
constexpr u64 kTrngFeatures = 0x84000051;
constexpr u64 kTrngGetUuid = 0x84000052;
constexpr u64 kTrngRnd32 = 0x84000053;
constexpr u64 kTrngRnd64 = 0xc4000053;

constexpr u64 kNotSupported = ~u64{0};

// Results of SMC32 calls are 32 bits wide; a negative one is sign-extended by most callees, which callers
// must not rely on.
constexpr s32 result32(u64 x0) {
    return static_cast<s32>(static_cast<u32>(x0));
}

}  // namespace smccc

namespace psci {

constexpr u64 kVersion = 0x84000000;
constexpr u64 kCpuSuspend32 = 0x84000001;
constexpr u64 kCpuSuspend64 = 0xc4000001;
constexpr u64 kCpuOff = 0x84000002;
constexpr u64 kCpuOn32 = 0x84000003;
constexpr u64 kCpuOn64 = 0xc4000003;
constexpr u64 kAffinityInfo32 = 0x84000004;
constexpr u64 kAffinityInfo64 = 0xc4000004;
constexpr u64 kMigrateInfoType = 0x84000006;
constexpr u64 kSystemOff = 0x84000008;
constexpr u64 kSystemReset = 0x84000009;
constexpr u64 kFeatures = 0x8400000a;
constexpr u64 kSystemReset2_32 = 0x84000012;
constexpr u64 kSystemReset2_64 = 0xc4000012;
constexpr u64 kSystemOff2_32 = 0x84000015;
constexpr u64 kSystemOff2_64 = 0xc4000015;

constexpr u64 kSuccess = 0;
constexpr s32 kNotSupported = -1;
constexpr s32 kInvalidParameters = -2;
constexpr s32 kDenied = -3;
constexpr s32 kAlreadyOn = -4;
constexpr s32 kOnPending = -5;
constexpr s32 kInvalidAddress = -9;

constexpr u64 kAffinityOn = 0;
constexpr u64 kAffinityOff = 1;
constexpr u64 kAffinityOnPending = 2;

inline u64 entry_point() {
    return reinterpret_cast<u64>(&secondary_entry);
}

}  // namespace psci
}  // namespace guest
