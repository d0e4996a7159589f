#include "cpu.h"

using namespace guest;

// DDI0487 OSLSR_EL1, OSLAR_EL1: the lock is what was written to bit 0.
TEST(os_lock) {
    const u64 model = field(READ_SYSREG(OSLSR_EL1), 3, 3) << 1 | field(READ_SYSREG(OSLSR_EL1), 0, 0);
    EXPECT_EQ(model, 2);  // implemented: mandatory in Armv8
    WRITE_SYSREG(OSLAR_EL1, 1);
    isb();
    EXPECT_EQ(field(READ_SYSREG(OSLSR_EL1), 1, 1), 1);
    WRITE_SYSREG(OSLAR_EL1, 0);
    isb();
    EXPECT_EQ(field(READ_SYSREG(OSLSR_EL1), 1, 1), 0);
    WRITE_SYSREG(OSLAR_EL1, ~u64{1});
    isb();
    EXPECT_EQ(field(READ_SYSREG(OSLSR_EL1), 1, 1), 0);
    READ_SYSREG(OSDLR_EL1);
    READ_SYSREG(MDSCR_EL1);
}
