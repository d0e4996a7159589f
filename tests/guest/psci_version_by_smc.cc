// only: trapeze
#include "smccc.h"

using namespace guest;

// The device tree names one conduit, but either answers: firmware that probes SMC first must not die of it.
TEST(psci_version_by_smc) {
    const u64 by_hvc = smccc::hvc(psci::kVersion).x[0];
    EXPECT_EQ(smccc::smc(psci::kVersion).x[0], by_hvc);
    // SMC leaves the PC at the instruction when it traps, HVC after it: neither skips nor repeats anything.
    u64 steps = 0;
    register u64 x0 asm("x0") = psci::kVersion;
    asm volatile(
        "add %[steps], %[steps], #1\n"
        "smc #0\n"
        "add %[steps], %[steps], #2\n"
        "mov x0, %[id]\n"
        "hvc #0\n"
        "add %[steps], %[steps], #4\n"
        : [steps] "+&r"(steps), "+&r"(x0)
        : [id] "r"(psci::kVersion)
        : "memory", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
          "x15", "x16", "x17");
    EXPECT_EQ(steps, 7);
    EXPECT_EQ(x0, by_hvc);
}
