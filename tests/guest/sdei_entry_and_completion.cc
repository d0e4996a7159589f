// smp: 2
// only: trapeze
//
// CPU 1 spins with known values in all registers and interrupts masked, and is signalled: the handler finds
// X4 to X30 and SP as they were, PSTATE as after an exception, and afterwards nothing has changed for who was
// interrupted.
#include "sdei.h"

using namespace guest;

namespace {

sdei::Entry seen;
u32 handled = 0;
u32 go_on = 0;

constexpr u64 pattern(unsigned n) {
    return 0x0101010101010101ull * (n + 1);
}

u64 handler(const sdei::Entry& entry) {
    seen = entry;
    for (unsigned n = 0; n < 16; ++n) EXPECT_EQ_AT(n, sdei::call(sdei::kContext, n), pattern(n));
    EXPECT_EQ(sdei::call(sdei::kContext, 17), reinterpret_cast<u64>(&go_on));
    EXPECT_EQ(sdei::call(sdei::kContext, 18), sdei::kInvalidParameters);
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0),
              sdei::kStatusRegistered | sdei::kStatusEnabled | sdei::kStatusRunning);
    store(handled, 1u);
    store(go_on, 1u);
    return 0;
}

// Waits for *flag with pattern(n) in Xn, but for X17, the flag's address, and X16; NZCV is 0b1010. Returns a
// bit for each register that is not what it was, and bit 31 for NZCV.
extern "C" u64 spin_with_patterns(u32* flag);
asm(R"(
    .text
spin_with_patterns:
    stp     x29, x30, [sp, #-112]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    str     x18, [sp, #96]
    mov     x17, x0
    ldr     x0, =0x0101010101010101
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov     x\n, #(\n + 1)
    mul     x\n, x\n, x0
    .endr
    add     x1, x0, x0
    mov     x16, #0xa0000000
    msr     NZCV, x16
    mov     x16, #17
    mul     x16, x16, x0
    .globl spin_here, spin_end
spin_here:
    ldar    w16, [x17]
    cbz     w16, spin_again
    b       spin_end
spin_again:
    mov     x16, #17
    mul     x16, x16, x0
    b       spin_here
spin_end:
    mov     x16, #0
    mrs     x17, NZCV
    stp     x17, xzr, [sp, #-16]!
    ldr     x17, =0x0101010101010101
    eor     x0, x0, x17
    cbz     x0, 1f
    orr     x16, x16, #1
1:  mov     x0, #2
    mul     x0, x0, x17
    cmp     x0, x1
    b.eq    1f
    orr     x16, x16, #2
1:
    .irp n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,18,19,20,21,22,23,24,25,26,27,28,29,30
    mov     x0, #(\n + 1)
    mul     x0, x0, x17
    cmp     x0, x\n
    cset    x0, ne
    orr     x16, x16, x0, lsl #\n
    .endr
    ldp     x17, xzr, [sp], #16
    mov     x0, #0xa0000000
    cmp     x0, x17
    cset    x0, ne
    orr     x16, x16, x0, lsl #31
    mov     x0, x16
    ldr     x18, [sp, #96]
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #112
    ret
)");
extern "C" void spin_here();
extern "C" void spin_end();

u32 ready = 0;

void spin(u64) {
    sdei::expect_ready(sdei::kEvent0, handler);
    store(ready, 1u);
    EXPECT_EQ(spin_with_patterns(&go_on), 0);
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0), sdei::kStatusRegistered | sdei::kStatusEnabled);
    EXPECT_EQ(sdei::call(sdei::kContext, 0), sdei::kDenied);
    EXPECT_EQ(sdei::call(sdei::kComplete), sdei::kDenied);
}

}  // namespace

TEST(sdei_entry_and_completion) {
    sdei::require();
    start_cpu(1, spin);
    EXPECT(wait_until([] { return load(ready) == 1; }));
    wait_until([] { return false; }, 20);  // it is in its loop then
    EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(1)), sdei::kSuccess);
    EXPECT(wait_until([] { return load(handled) == 1; }));
    wait_cpu_off(1);

    EXPECT_EQ(seen.x[0], sdei::kEvent0);
    EXPECT_EQ(seen.x[1], reinterpret_cast<u64>(&handler));
    EXPECT(seen.x[2] >= reinterpret_cast<u64>(&spin_here) && seen.x[2] < reinterpret_cast<u64>(&spin_end));
    EXPECT_EQ(field(seen.x[3], 3, 0), 5);    // EL1h was interrupted
    EXPECT_EQ(field(seen.x[3], 9, 6), 0xf);  // with everything masked
    EXPECT_EQ(field(seen.x[3], 31, 28), 0b1010);
    for (unsigned n = 4; n <= 30; ++n) {
        if (n != 16 && n != 17) EXPECT_EQ_AT(n, seen.x[n], pattern(n));
    }
    EXPECT_EQ(seen.x[17], reinterpret_cast<u64>(&go_on));
    EXPECT_EQ(seen.nzcv, 0xa0000000);
    EXPECT_EQ(field(seen.daif, 9, 6), 0xf);
    EXPECT_EQ(seen.current_el, 1 << 2);
    EXPECT_EQ(seen.sp_select, 1);
}
