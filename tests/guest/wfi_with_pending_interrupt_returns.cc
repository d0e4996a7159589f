#include "intc.h"

using namespace guest;

TEST(wfi_with_pending_interrupt_returns) {
    intc::init();
    intc::enable(3);
    intc::send(3, 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    // Pending and masked by PSTATE.I: each WFI completes, as nothing takes the interrupt away.
    for (int i = 0; i < 100; ++i) asm volatile("wfi" ::: "memory");
    EXPECT_EQ(intc::acknowledge(), 3);
    intc::end(3);
}
