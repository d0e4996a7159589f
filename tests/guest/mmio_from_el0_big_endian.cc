// machine: x-test-device=on
// only: trapeze
#include "scratch.h"

using namespace guest;

// A load or store without a syndrome at EL0, and with big-endian data (SCTLR_EL1.E0E): the device gets the
// bytes that RAM gets. Of a pair and of a structure each element has its own order; a Q register is one
// element.
extern "C" const char el0_begin[];
extern "C" const char el0_end[];
// X0: where the bytes are. X1 to X7 and the last store are what comes of it, in the code's own region.
asm(R"(
    .text
    .arch_extension simd
    .globl  el0_begin, el0_end
el0_begin:
    adr     x9, el0_begin
    add     x9, x9, #0x1000
    ldp     x1, x2, [x0], #16
    ldp     w3, w4, [x0], #8
    ldr     q0, [x0, #8]!
    ld1     {v1.4s}, [x0], #16
    ld2     {v2.8h, v3.8h}, [x0]
    stp     x1, x2, [x9], #16
    stp     w3, w4, [x9], #16
    stp     q0, q1, [x9], #32
    stp     q2, q3, [x9], #32
    movz    x1, #0x1122, lsl #48
    movk    x1, #0x3344, lsl #16
    movk    x1, #0x5566
    str     x1, [x0], #8
    stp     w1, w1, [x0], #8
    str     q0, [x0]
    ldrsh   x4, [x0], #2
    str     x4, [x9]
    svc     #0
el0_end:
)");

namespace {

constexpr u64 kResults = EL0_REGION + 0x1000;
constexpr u64 kResultBytes = 0x80;

struct Run {
    u64 results[kResultBytes / 8];
    u64 memory[32];
};

Run run(u64 at, u64 flat) {
    for (u64 n = 0; n < 32; ++n) write64(flat + n * 8, 0x0102030405060708 + n * 0x1011121314151617);
    for (u64 n = 0; n < kResultBytes; n += 8) write64(kResults + n, 0);
    const Caught caught = run_at_el0(el0_begin, el0_end, at);
    EXPECT_EQ(caught.ec(), 0x15);  // SVC
    Run result;
    for (u64 n = 0; n < kResultBytes / 8; ++n) result.results[n] = read64(kResults + n * 8);
    for (u64 n = 0; n < 32; ++n) result.memory[n] = read64(flat + n * 8);
    return result;
}

void compare() {
    const Run ram = run(scratch::kRamAfter, scratch::kRamAfterFlat);
    scratch::clear_log();
    const Run device = run(scratch::kDevicePage, scratch::kDevice);
    EXPECT(scratch::accesses() > 64);
    for (u64 n = 0; n < kResultBytes / 8; ++n) EXPECT_EQ_AT(n, device.results[n], ram.results[n]);
    for (u64 n = 0; n < 32; ++n) EXPECT_EQ_AT(n, device.memory[n], ram.memory[n]);
}

}  // namespace

TEST(mmio_from_el0_big_endian) {
    constexpr u64 kE0e = 1 << 24;
    constexpr u64 kTranslation3 = 0b000111;
    constexpr u64 kPermission3 = 0b001111;
    scratch::map_window();
    compare();

    // EL0 has no right to the page, or there is none: an exception from EL0, nothing else.
    constexpr u64 kPages[] = {scratch::kInvalid, scratch::kPrivileged};
    for (const u64 at : kPages) {
        scratch::clear_log();
        const Caught caught = run_at_el0(el0_begin, el0_end, at);
        EXPECT_EQ(caught.ec(), 0x24);  // Data Abort from a lower Exception level
        EXPECT_EQ(field(caught.esr, 5, 0), at == scratch::kInvalid ? kTranslation3 : kPermission3);
        EXPECT_EQ(caught.far, at);
        EXPECT_EQ(scratch::accesses(), 0);
    }

    const u64 mixed =
        field(READ_SYSREG(ID_AA64MMFR0_EL1), 11, 8) | field(READ_SYSREG(ID_AA64MMFR0_EL1), 19, 16);
    if (mixed == 0) return note("no big-endian data here", 0);
    const u64 sctlr = READ_SYSREG(SCTLR_EL1);
    WRITE_SYSREG(SCTLR_EL1, sctlr | kE0e);
    isb();
    compare();
    WRITE_SYSREG(SCTLR_EL1, sctlr);
    isb();
}
