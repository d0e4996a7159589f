#include "gic.h"

using namespace guest;

// IHI0069 ICC_PMR_EL1: only a priority higher than the mask is signalled, equal is not.
TEST(priority_mask) {
    gic::init();
    gic::enable(1);
    gic::set_priority(1, 0x90);
    gic::set_mask(0x90);
    gic::send_sgi(1, 1);
    EXPECT(wait_until([] { return gic::is_pending(1); }));
    EXPECT(!gic::irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    EXPECT(gic::is_pending(1));
    gic::set_mask(0);
    EXPECT(!gic::irq_signalled());
    gic::set_mask(0x98);
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    // The mask applies at once.
    gic::set_mask(0x80);
    EXPECT(!gic::irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::set_mask(0xff);
    EXPECT_EQ(gic::acknowledge(), 1);
    gic::end(1);
    // At least four bits of priority, as many as ICC_CTLR_EL1 says.
    const u8 bits = gic::implemented_priority();
    EXPECT_EQ(bits & 0xf0, 0xf0);
    const u64 pri_bits = field(READ_SYSREG(ICC_CTLR_EL1), 10, 8) + 1;
    EXPECT_EQ(pri_bits, bits_set(bits));
}
