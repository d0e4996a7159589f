#include "gic.h"

using namespace guest;

// ICC_HPPIR1_EL1 shows without acknowledging.
TEST(hppir_shows_highest_pending) {
    gic::init();
    EXPECT_EQ(gic::highest_pending(), gic::kSpurious);
    EXPECT_EQ(READ_SYSREG(ICC_HPPIR0_EL1), gic::kSpurious);
    for (u32 i = 0; i < 4; ++i) {
        gic::set_priority(i, static_cast<u8>(0xc0 - i * 0x20));
        gic::enable(i);
        gic::send_sgi(i, 1);
        EXPECT(wait_until([=] { return gic::highest_pending() == i; }));
        EXPECT(gic::is_pending(i));
    }
    for (u32 i = 4; i-- > 0;) {
        EXPECT_EQ(gic::highest_pending(), i);
        gic::disable(i);
        gic::clear_pending(i);
    }
    EXPECT(wait_until([] { return gic::highest_pending() == gic::kSpurious; }));
}
