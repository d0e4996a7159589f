// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

// Register 31 in MRS and MSR is XZR: the read happens and its value is discarded, the write writes zero.
TEST(mrs_to_xzr) {
    gicv3::init();
    asm volatile(
        "mrs xzr, ID_AA64PFR0_EL1\n mrs xzr, ACTLR_EL1\n mrs xzr, ICC_CTLR_EL1\n mrs xzr, MDSCR_EL1" ::
            : "memory");
    u64 sp_before;
    u64 sp_after;
    asm volatile("mov %0, sp\n mrs xzr, ICC_RPR_EL1\n mov %1, sp"
                 : "=r"(sp_before), "=r"(sp_after)::"memory");
    EXPECT_EQ(sp_after, sp_before);
    asm volatile("msr ICC_PMR_EL1, xzr\n isb" ::: "memory");
    EXPECT_EQ(READ_SYSREG(ICC_PMR_EL1), 0);
    gicv3::set_mask(0xff);
    gicv3::enable(6);
    gicv3::send_sgi(6, 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    asm volatile("mrs xzr, ICC_IAR1_EL1\n dsb sy" ::: "memory");
    EXPECT(gicv3::is_active(6));
    EXPECT(!gicv3::is_pending(6));
    gicv3::end(6);
}
