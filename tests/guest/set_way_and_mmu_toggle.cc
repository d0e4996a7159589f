#include "cpu.h"

using namespace guest;

// Cleans and invalidates every data cache by set and way (DDI0487 DC CISW), turns the MMU and the caches off,
// writes the registers that a hypervisor may trap meanwhile, and turns everything on again. No memory access
// from the first to the last instruction, and no assumption about what is trapped. `memory` is written while
// the caches are off.
extern "C" void toggle(u64 memory, u64 value);
asm(R"(
    .text
    .balign 64
toggle:
    mrs     x2, CLIDR_EL1
    ubfx    x3, x2, #24, #3
    cbz     x3, 5f
    mov     x4, #0
1:  add     x5, x4, x4, lsl #1
    lsr     x6, x2, x5
    and     x6, x6, #7
    cmp     x6, #2
    b.lt    4f
    lsl     x7, x4, #1
    msr     CSSELR_EL1, x7
    isb
    mrs     x8, CCSIDR_EL1
    and     x9, x8, #7
    add     x9, x9, #4
    ubfx    x10, x8, #3, #10
    ubfx    x11, x8, #13, #15
    clz     w12, w10
2:  mov     x13, x10
3:  lsl     x14, x13, x12
    lsl     x15, x11, x9
    orr     x14, x14, x15
    orr     x14, x14, x7
    dc      cisw, x14
    subs    x13, x13, #1
    b.ge    3b
    subs    x11, x11, #1
    b.ge    2b
4:  add     x4, x4, #1
    cmp     x4, x3
    b.lt    1b
5:  dsb     sy
    isb
    mrs     x2, SCTLR_EL1
    mov     x3, #0x1005
    bic     x4, x2, x3
    msr     SCTLR_EL1, x4
    isb
    str     x1, [x0]
    mrs     x5, TTBR0_EL1
    mrs     x6, TTBR1_EL1
    mrs     x7, TCR_EL1
    mrs     x8, MAIR_EL1
    mrs     x9, CONTEXTIDR_EL1
    mrs     x10, AFSR0_EL1
    mov     x11, #64
6:  msr     TTBR0_EL1, x5
    msr     TTBR1_EL1, x6
    msr     TCR_EL1, x7
    msr     MAIR_EL1, x8
    msr     CONTEXTIDR_EL1, x11
    msr     AFSR0_EL1, x10
    isb
    subs    x11, x11, #1
    b.ne    6b
    msr     CONTEXTIDR_EL1, x9
    tlbi    vmalle1
    ic      iallu
    dsb     nsh
    isb
    msr     SCTLR_EL1, x2
    isb
    ret
)");

TEST(set_way_and_mmu_toggle) {
    static u64 data[512];
    auto* outside = reinterpret_cast<volatile u64*>(kScratch);
    for (u64 i = 0; i < 512; ++i) data[i] = i * 0x0101010101010101;
    const u64 sctlr = READ_SYSREG(SCTLR_EL1);
    const u64 ttbr0 = READ_SYSREG(TTBR0_EL1);
    for (u64 round = 1; round <= 3; ++round) {
        asm volatile("dc civac, %0\n dsb sy" ::"r"(outside) : "memory");
        toggle(kScratch, round * 77);
        EXPECT_EQ(*outside, round * 77);
        EXPECT_EQ(READ_SYSREG(SCTLR_EL1), sctlr);
        EXPECT_EQ(READ_SYSREG(TTBR0_EL1), ttbr0);
        for (u64 i = 0; i < 512; ++i) EXPECT_EQ_AT(i, data[i], i * 0x0101010101010101);
    }
}
