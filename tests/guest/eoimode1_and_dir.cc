#include "gic.h"

using namespace guest;

// IHI0069 ICC_CTLR_EL1.EOImode: with 1, ICC_EOIR1_EL1 drops the running priority and ICC_DIR_EL1 deactivates.
TEST(eoimode1_and_dir) {
    gic::init();
    WRITE_SYSREG(ICC_CTLR_EL1, 1 << 1);
    isb();
    EXPECT_EQ(field(READ_SYSREG(ICC_CTLR_EL1), 1, 1), 1);
    gic::enable(1);
    gic::enable(2);
    gic::send_sgi(1, 1);
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 1);
    EXPECT_EQ(gic::running_priority(), gic::kDefaultPriority);
    gic::end(1);
    EXPECT_EQ(gic::running_priority(), 0xff);
    EXPECT(gic::is_active(1));
    // Dropped: another of the same priority comes through. Active: the same one does not.
    gic::send_sgi(1, 1);
    EXPECT(wait_until([] { return gic::is_pending(1); }));
    EXPECT(!gic::irq_signalled());
    gic::send_sgi(2, 1);
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 2);
    gic::end(2);
    WRITE_SYSREG(ICC_DIR_EL1, 2);
    isb();
    EXPECT(!gic::is_active(2));
    WRITE_SYSREG(ICC_DIR_EL1, 1);
    isb();
    EXPECT(!gic::is_active(1));
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 1);
    gic::end(1);
    WRITE_SYSREG(ICC_DIR_EL1, 1);
    isb();
    EXPECT(!gic::is_active(1));
    EXPECT(!gic::irq_signalled());
}
