// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

// IHI0069 ICC_PMR_EL1, IHI0048 GICC_PMR: only a priority higher than the mask is signalled, equal is not.
TEST(priority_mask) {
    gic::init();
    gic::enable(1);
    gic::set_priority(1, 0x90);
    gic::set_mask(0x90);
    gic::send(1, 1);
    EXPECT(wait_until([] { return gic::is_pending(1); }));
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    EXPECT(gic::is_pending(1));
    gic::set_mask(0);
    EXPECT(!irq_signalled());
    gic::set_mask(0x98);
    EXPECT(wait_until([] { return irq_signalled(); }));
    // The mask applies at once.
    gic::set_mask(0x80);
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::set_mask(0xff);
    EXPECT_EQ(gic::acknowledge(), 1);
    gic::end(1);
    // At least four bits of priority, as many as a GICv3 says in ICC_CTLR_EL1.
    const u8 bits = gic::implemented_priority();
    EXPECT_EQ(bits & 0xf0, 0xf0);
    if (gic::kind() == gic::Kind::Gicv3) {
        EXPECT_EQ(field(READ_SYSREG(ICC_CTLR_EL1), 10, 8) + 1, bits_set(bits));
    }
}
