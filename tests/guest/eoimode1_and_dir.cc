// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

// IHI0069 ICC_CTLR_EL1.EOImode, IHI0048 GICC_CTLR.EOImode: with 1, the end of an interrupt drops the running
// priority, and ICC_DIR_EL1 or GICC_DIR deactivates.
TEST(eoimode1_and_dir) {
    gic::init();
    gic::set_split_end(true);
    gic::enable(1);
    gic::enable(2);
    gic::send(1, 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 1);
    EXPECT_EQ(gic::running_priority(), gic::kDefaultPriority);
    gic::end(1);
    EXPECT_EQ(gic::running_priority(), 0xff);
    EXPECT(gic::is_active(1));
    // Dropped: another of the same priority comes through. Active: the same one does not.
    gic::send(1, 1);
    EXPECT(wait_until([] { return gic::is_pending(1); }));
    EXPECT(!irq_signalled());
    gic::send(2, 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 2);
    gic::end(2);
    gic::deactivate(2);
    EXPECT(!gic::is_active(2));
    gic::deactivate(1);
    EXPECT(!gic::is_active(1));
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), 1);
    gic::end(1);
    gic::deactivate(1);
    EXPECT(!gic::is_active(1));
    EXPECT(!irq_signalled());
}
