// machine: x-test-device=on
// only: trapeze
#include "scratch.h"

using namespace guest;

// What reaches a device and is neither described by the host nor a load or store that is emulated takes a
// synchronous external abort at the instruction, without effect, and the guest goes on. Here: DC ZVA, which
// natively does not get beyond stage 1 where memory is Device. (A device has no external abort for it in
// QEMU's emulation.)
TEST(mmio_not_emulated_aborts) {
    if (field(READ_SYSREG(DCZID_EL0), 4, 4) != 0) skip("DC ZVA is not permitted here");
    scratch::map_window();
    scratch::clear_log();
    const Caught caught = catch_exception([&] {
        asm volatile("dc zva, %0" ::"r"(scratch::kNormalPage) : "memory");
    });
    EXPECT(caught.taken);
    EXPECT_EQ(caught.ec(), 0x25);              // Data Abort without a change in Exception level
    EXPECT_EQ(field(caught.esr, 5, 0), 0x10);  // synchronous external abort
    EXPECT_EQ(scratch::accesses(), 0);
    // The next one is emulated.
    u64 value = 0;
    u64 base = scratch::kNormalPage;
    asm volatile("ldr %0, [%1], #8" : "=r"(value), "+r"(base)::"memory");
    EXPECT_EQ(base, scratch::kNormalPage + 8);
    EXPECT_EQ(scratch::accesses(), 1);
}
