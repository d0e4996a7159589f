#include "cpu.h"

using namespace guest;

namespace {

__attribute__((noinline)) u64 target(u64 x) {
    asm volatile("" ::: "memory");
    return x + 1;
}

}  // namespace

// The first breakpoint and watchpoint hold what is written and fire at EL1.
TEST(debug_registers) {
    WRITE_SYSREG(OSLAR_EL1, 0);
    isb();
    WRITE_SYSREG(DBGBCR0_EL1, 0);
    WRITE_SYSREG(DBGWCR0_EL1, 0);
    WRITE_SYSREG(DBGBVR0_EL1, 0x41234564);
    WRITE_SYSREG(DBGWVR0_EL1, 0x43210ff8);
    isb();
    EXPECT_EQ(READ_SYSREG(DBGBVR0_EL1), 0x41234564);
    EXPECT_EQ(READ_SYSREG(DBGWVR0_EL1), 0x43210ff8);

    // MDSCR_EL1.{MDE, KDE}, and PSTATE.D clear, for debug exceptions from EL1 to EL1.
    WRITE_SYSREG(MDSCR_EL1, 1 << 15 | 1 << 13);
    WRITE_SYSREG(DBGBVR0_EL1, reinterpret_cast<u64>(&target));
    WRITE_SYSREG(DBGBCR0_EL1, 1 | 1 << 1 | 0xf << 5);  // enabled at EL1, four bytes
    isb();
    asm volatile("msr DAIFClr, #8\n isb" ::: "memory");
    const Caught breakpoint = catch_exception([] { target(1); });
    asm volatile("msr DAIFSet, #8" ::: "memory");
    EXPECT(breakpoint.taken);
    EXPECT_EQ(breakpoint.ec(), 0x31);
    EXPECT_EQ(breakpoint.elr, reinterpret_cast<u64>(&target));
    WRITE_SYSREG(DBGBCR0_EL1, 0);

    static u64 watched = 1;
    WRITE_SYSREG(DBGWVR0_EL1, reinterpret_cast<u64>(&watched));
    WRITE_SYSREG(DBGWCR0_EL1, 1 | 1 << 1 | 2 << 3 | 0xff << 5);  // stores at EL1, eight bytes
    isb();
    asm volatile("msr DAIFClr, #8\n isb" ::: "memory");
    const Caught watchpoint = catch_exception([] { write64(reinterpret_cast<u64>(&watched), 2); });
    asm volatile("msr DAIFSet, #8" ::: "memory");
    WRITE_SYSREG(DBGWCR0_EL1, 0);
    WRITE_SYSREG(MDSCR_EL1, 0);
    EXPECT(watchpoint.taken);
    EXPECT_EQ(watchpoint.ec(), 0x35);
    EXPECT_EQ(watchpoint.far, reinterpret_cast<u64>(&watched));
    EXPECT_EQ(read64(reinterpret_cast<u64>(&watched)), 1);
}
