#include "timer.h"

using namespace guest;

TEST(wfe_returns) {
    // The event register is set: WFE clears it and completes at once (DDI0487 "Wait for Event").
    for (int i = 0; i < 1000; ++i) asm volatile("sev\n wfe" ::: "memory");
    for (int i = 0; i < 1000; ++i) asm volatile("sevl\n wfe" ::: "memory");
    // The event stream wakes it otherwise: CNTKCTL_EL1.EVNTEN with an event every 2^(EVNTI + 1) ticks.
    WRITE_SYSREG(CNTKCTL_EL1, 1 << 2 | 12 << 4);
    isb();
    for (int i = 0; i < 20; ++i) asm volatile("wfe" ::: "memory");
    WRITE_SYSREG(CNTKCTL_EL1, 0);
    isb();
}
