// only: trapeze
//
// COMPLETE_AND_RESUME looks like an exception from the interrupted code to an address: ELR_EL1 and SPSR_EL1
// say where from, interrupts are masked, X0 to X17 are those of the interrupted code.
#include "sdei.h"

using namespace guest;

extern "C" {
u64 signal_self_and_catch(u64 function, u64 event, u64 target);
void resume_here();
extern u64 resumed[24];
u64 resumed[24];  // X0 to X17, ELR_EL1, SPSR_EL1, DAIF, SPSel, CurrentEL, NZCV
}

// HVC with X4 to X17 known; what follows it is an address to be resumed at as if it were a vector.
asm(R"(
    .text
    .globl signal_self_and_catch, resume_here, signal_returns
signal_self_and_catch:
    str     x30, [sp, #-16]!
    .irp n, 4,5,6,7,8,9,10,11,12,13,14,15,16,17
    mov     x\n, #(\n * 3)
    .endr
    mov     x30, #0x50000000
    msr     NZCV, x30
    hvc     #0
signal_returns:
    mov     x0, #0
    ldr     x30, [sp], #16
    ret
resume_here:
    stp     x18, x19, [sp, #-16]!
    ldr     x18, =resumed
    stp     x0, x1, [x18, #0]
    stp     x2, x3, [x18, #16]
    stp     x4, x5, [x18, #32]
    stp     x6, x7, [x18, #48]
    stp     x8, x9, [x18, #64]
    stp     x10, x11, [x18, #80]
    stp     x12, x13, [x18, #96]
    stp     x14, x15, [x18, #112]
    stp     x16, x17, [x18, #128]
    mrs     x0, ELR_EL1
    mrs     x1, SPSR_EL1
    stp     x0, x1, [x18, #144]
    mrs     x0, DAIF
    mrs     x1, SPSel
    stp     x0, x1, [x18, #160]
    mrs     x0, CurrentEL
    mrs     x1, NZCV
    stp     x0, x1, [x18, #176]
    ldp     x18, x19, [sp], #16
    mov     x0, #1
    ldr     x30, [sp], #16
    ret
)");
extern "C" void signal_returns();

namespace {

u64 resume_address = 0;

u64 handler(const sdei::Entry&) {
    // An address that no instruction can have is refused, and nothing has happened.
    EXPECT_EQ(sdei::call(sdei::kCompleteAndResume, resume_address + 2), sdei::kInvalidParameters);
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0), 7);
    return resume_address;
}

}  // namespace

TEST(sdei_complete_and_resume) {
    sdei::require();
    EXPECT_EQ(sdei::call(sdei::kCompleteAndResume, 0x1000), sdei::kDenied);
    resume_address = reinterpret_cast<u64>(&resume_here);
    sdei::expect_ready(sdei::kEvent0, handler);

    asm volatile("msr DAIFClr, #0xf" ::: "memory");
    const u64 by_resume = signal_self_and_catch(sdei::kSignal, sdei::kEvent0, mpidr_of(0));
    EXPECT_EQ(by_resume, 1);
    EXPECT_EQ(READ_SYSREG(DAIF), 0x3c0);

    for (unsigned n = 0; n < 4; ++n) EXPECT_EQ_AT(n, resumed[n], 0);  // results of the call
    for (unsigned n = 4; n < 18; ++n) EXPECT_EQ_AT(n, resumed[n], n * 3);
    EXPECT_EQ(resumed[18], reinterpret_cast<u64>(&signal_returns));
    EXPECT_EQ(field(resumed[19], 9, 6), 0);  // unmasked when it was interrupted
    EXPECT_EQ(field(resumed[19], 3, 0), 5);
    EXPECT_EQ(field(resumed[19], 31, 28), 5);
    EXPECT_EQ(resumed[20], 0x3c0);
    EXPECT_EQ(resumed[21], 1);
    EXPECT_EQ(resumed[22], 1 << 2);
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0), 3);
    asm volatile("msr DAIFSet, #0xf" ::: "memory");
}
