// only: trapeze
#include "smccc.h"

using namespace guest;

namespace {

void refused(u64 id) {
    constexpr u64 kMark = 0x1234567890abcdef;
    register u64 x0 asm("x0") = id;
    register u64 x4 asm("x4") = kMark;
    register u64 x17 asm("x17") = kMark;
    asm volatile("hvc #0" : "+r"(x0), "+r"(x4), "+r"(x17)::"memory", "x1", "x2", "x3");
    const u64 after4 = x4;
    const u64 after17 = x17;
    // DEN0028 "Unknown Function Identifier": -1 in W0 for SMC32 and in X0 for SMC64; SMCCC 1.1 preserves
    // X4-X17.
    if ((id & 1 << 30) != 0) {
        EXPECT_EQ_AT(id, x0, smccc::kNotSupported);
    } else {
        EXPECT_EQ_AT(id, static_cast<u32>(x0), 0xffffffff);
    }
    EXPECT_EQ_AT(id, after4, kMark);
    EXPECT_EQ_AT(id, after17, kMark);
}

}  // namespace

TEST(unknown_calls_not_supported) {
    constexpr u64 kIds[] = {
        0x8000ff00, 0xc000ff00,              // Arm architecture
        0x81001234, 0xc1001234,              // CPU service
        0x82001234, 0xc2001234,              // SiP
        0x83001234, 0xc3001234,              // OEM
        0x8400ff01, 0xc400ff01,              // standard secure
        0x8500ff01, 0xc500ff01,              // standard hypervisor
        0x8600f123, 0xc600f123,              // vendor hypervisor
        0xb2001234, 0xf2001234,              // trusted OS
        0x00000000, 0x12345678, 0x40000000,  // yielding calls
        0x84020000, 0x84ff0000,              // reserved bits set
        0xc4000005, 0xc4000006,              // PSCI functions that have no such form, or do not apply
    };
    for (const u64 id : kIds) refused(id);
}
