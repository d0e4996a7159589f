#include "smccc.h"
#include "timer.h"

using namespace guest;

// DEN0022 CPU_SUSPEND: a standby state (power_state bit 16, or bit 30 in the extended format, clear) returns
// SUCCESS when an interrupt wakes the CPU, and loses nothing.
TEST(psci_cpu_suspend_standby) {
    intc::init();
    intc::enable(VirtualTimer::kIntid);
    VirtualTimer::set_tval(20 * ticks_per_ms());
    VirtualTimer::set_ctl(kTimerEnable);
    for (int i = 0; (VirtualTimer::ctl() & kTimerStatus) == 0; ++i) {
        EXPECT_EQ(smccc::result32(smccc::hvc(psci::kCpuSuspend64, 0).x[0]), psci::kSuccess);
    }
    // The interrupt controller is as before.
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(intc::acknowledge(), VirtualTimer::kIntid);
    VirtualTimer::set_ctl(0);
    intc::end(VirtualTimer::kIntid);
}
