// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

// First in, first out, whatever the number; what was masked or cleared goes to the end.
TEST(rvic_acknowledges_in_order) {
    rvic::init_cpu();
    EXPECT(!irq_signalled());
    constexpr u32 kIntids[] = {9, 200, 0, 31, 64, 255};
    for (const u32 intid : kIntids) {
        EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
        EXPECT_EQ(rvic::signal(0, intid), rvic::kSuccess);
    }
    EXPECT(irq_signalled());
    rvic::mask(0, 200);
    rvic::unmask(0, 200);
    rvic::clear_pending(0, 31);
    rvic::signal(0, 31);
    rvic::signal(0, 9);  // is pending already
    constexpr u32 kExpected[] = {9, 0, 64, 255, 200, 31};
    for (const u32 intid : kExpected) {
        EXPECT(irq_signalled());
        EXPECT_EQ(rvic::acknowledge(), intid);
    }
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::acknowledge(), rvic::kNone);
    // Acknowledged means masked.
    for (const u32 intid : kIntids) rvic::signal(0, intid);
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::acknowledge(), rvic::kNone);
}
