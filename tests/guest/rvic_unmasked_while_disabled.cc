// irqchip: rvic
// only: trapeze
#include "rvic.h"
#include "timer.h"

using namespace guest;

// What is pending and not masked is delivered by ENABLE, and so is a timer whose condition has been met while
// the rVIC was disabled. A signal to a disabled rVIC is refused.
TEST(rvic_unmasked_while_disabled) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(0, 40), rvic::kSuccess);
    EXPECT_EQ(rvic::disable(), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(0, 40), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(0, 41), rvic::kDisabled);
    EXPECT_EQ(rvic::unmask(0, 41), rvic::kSuccess);
    EXPECT(rvic::is_pending(0, 40));
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT(irq_signalled());
    EXPECT_EQ(rvic::acknowledge(), 40);
    EXPECT_EQ(rvic::acknowledge(), rvic::kNone);

    for (int i = 0; i < 2; ++i) {
        const bool unmask_first = i != 0;
        rvic::disable();
        rvic::mask(0, rvic::kVirtualTimer);
        rvic::clear_pending(0, rvic::kVirtualTimer);
        VirtualTimer::set_tval(0);
        VirtualTimer::set_ctl(kTimerEnable);
        EXPECT(wait_until([] { return (VirtualTimer::ctl() & kTimerStatus) != 0; }));
        // The hypervisor has seen it by the time of a call, at the latest.
        if (unmask_first) rvic::unmask(0, rvic::kVirtualTimer);
        EXPECT(!rvic::is_pending(0, rvic::kVirtualTimer));
        rvic::enable();
        EXPECT(rvic::is_pending(0, rvic::kVirtualTimer));
        if (!unmask_first) rvic::unmask(0, rvic::kVirtualTimer);
        EXPECT(irq_signalled());
        EXPECT_EQ(rvic::acknowledge(), rvic::kVirtualTimer);
        VirtualTimer::set_ctl(0);
    }
}
