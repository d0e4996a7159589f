// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

// ICC_HPPIR1_EL1 and GICC_HPPIR show without acknowledging.
TEST(hppir_shows_highest_pending) {
    gic::init();
    EXPECT_EQ(gic::highest_pending(), gic::kSpurious);
    for (u32 i = 0; i < gic::kFreeSpis; ++i) {
        const u32 intid = gic::kFreeSpi + i;
        gic::set_priority(intid, static_cast<u8>(0xc0 - i * 0x20));
        gic::set_edge(intid, true);
        gic::enable(intid);
        gic::set_pending(intid);
        EXPECT(wait_until([=] { return gic::highest_pending() == intid; }));
        EXPECT(gic::is_pending(intid));
    }
    for (u32 intid = gic::kFreeSpi + gic::kFreeSpis; intid-- > gic::kFreeSpi;) {
        EXPECT(wait_until([=] { return gic::highest_pending() == intid; }));
        gic::disable(intid);
        gic::clear_pending(intid);
    }
    EXPECT(wait_until([] { return gic::highest_pending() == gic::kSpurious; }));
}
