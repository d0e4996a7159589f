#include "smccc.h"
#include "timer.h"

using namespace guest;

// DEN0022 CPU_SUSPEND: a standby state (power_state bit 16, or bit 30 in the extended format, clear) returns
// SUCCESS when an interrupt wakes the CPU, and loses nothing.
TEST(psci_cpu_suspend_standby) {
    gic::init();
    gic::enable(VirtualTimer::kIntid);
    VirtualTimer::set_tval(20 * ticks_per_ms());
    VirtualTimer::set_ctl(kTimerEnable);
    for (int i = 0; (VirtualTimer::ctl() & kTimerStatus) == 0; ++i) {
        EXPECT_EQ(smccc::result32(smccc::hvc(psci::kCpuSuspend64, 0).x[0]), psci::kSuccess);
    }
    EXPECT(wait_until([] { return gic::highest_pending() == VirtualTimer::kIntid; }));
    VirtualTimer::set_ctl(0);
    EXPECT_EQ(READ_SYSREG(ICC_PMR_EL1) & 0xf0, 0xf0);
}
