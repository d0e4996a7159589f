#include "gic.h"

using namespace guest;

TEST(wfi_with_pending_interrupt_returns) {
    gic::init();
    gic::enable(3);
    gic::send_sgi(3, 1);
    EXPECT(wait_until([] { return gic::highest_pending() == 3; }));
    // Pending and masked by PSTATE.I: each WFI completes, as nothing takes the interrupt away.
    for (int i = 0; i < 100; ++i) asm volatile("wfi" ::: "memory");
    EXPECT_EQ(gic::acknowledge(), 3);
    gic::end(3);
}
