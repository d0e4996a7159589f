#include "intc.h"
#include "smccc.h"

using namespace guest;

// Fills V0-V31 from `in`, runs things that trap, stores them to `out`, and puts 1 into in[0] if FPCR and FPSR
// are kept.
extern "C" void through_traps(u64* in, u64* out, u64 mmio, u64 psci, u64 has_gicv3);
asm(R"(
    .text
through_traps:
    .arch_extension simd
    stp     x19, x20, [sp, #-16]!
    mov     x19, x0
    mov     x20, x1
    ld1     {v0.2d-v3.2d}, [x0], #64
    ld1     {v4.2d-v7.2d}, [x0], #64
    ld1     {v8.2d-v11.2d}, [x0], #64
    ld1     {v12.2d-v15.2d}, [x0], #64
    ld1     {v16.2d-v19.2d}, [x0], #64
    ld1     {v20.2d-v23.2d}, [x0], #64
    ld1     {v24.2d-v27.2d}, [x0], #64
    ld1     {v28.2d-v31.2d}, [x0], #64
    mov     x11, #0x00c00000
    msr     FPCR, x11
    mov     x12, #0x9f
    msr     FPSR, x12
    ldr     w0, [x2]
    mrs     x0, ID_AA64PFR0_EL1
    mrs     x0, ACTLR_EL1
    cbz     x4, 1f
    mrs     x0, ICC_PMR_EL1
1:
    mov     x0, x3
    hvc     #0
    mrs     x13, FPCR
    mrs     x14, FPSR
    mov     x1, x20
    st1     {v0.2d-v3.2d}, [x1], #64
    st1     {v4.2d-v7.2d}, [x1], #64
    st1     {v8.2d-v11.2d}, [x1], #64
    st1     {v12.2d-v15.2d}, [x1], #64
    st1     {v16.2d-v19.2d}, [x1], #64
    st1     {v20.2d-v23.2d}, [x1], #64
    st1     {v24.2d-v27.2d}, [x1], #64
    st1     {v28.2d-v31.2d}, [x1], #64
    msr     FPCR, xzr
    mov     x11, #0x00c00000
    mov     x12, #0x9f
    cmp     x11, x13
    ccmp    x12, x14, #0, eq
    cset    x0, eq
    str     x0, [x19]
    ldp     x19, x20, [sp], #16
    ret
)");

namespace {

alignas(16) u64 in[64];
alignas(16) u64 out[64];

}  // namespace

TEST(fp_simd_survives_traps) {
    u64 state = 12345;
    for (int round = 0; round < 20; ++round) {
        u64 expected[64];
        for (int i = 0; i < 64; ++i) expected[i] = in[i] = random(state);
        through_traps(in, out, kUart + 0x18, psci::kVersion, intc::kind() == intc::Kind::Gicv3);
        EXPECT_EQ(in[0], 1);  // FPCR and FPSR are as before
        for (int i = 0; i < 64; ++i) EXPECT_EQ_AT(i, out[i], expected[i]);
    }
    // One addition: 1.5 + 2.25.
    u64 sum;
    asm volatile(".arch_extension fp\n fmov d0, #1.5\n fmov d1, #2.25\n fadd d0, d0, d1\n fmov %0, d0"
                 : "=r"(sum));
    EXPECT_EQ(sum, 0x400e000000000000);
}
