#include "timer.h"

using namespace guest;

// DDI0487 WFIT, WFET: complete at the latest when CNTVCT_EL0 reaches Xt.
TEST(wfit_wfet_end_in_time) {
    if (field(READ_SYSREG(S3_0_C0_C6_2), 3, 0) == 0) skip("no FEAT_WFxT");
    const u64 start = counter();
    for (u64 i = 1; i <= 3; ++i) {
        register u64 deadline asm("x0") = start + i * 20 * ticks_per_ms();
        asm volatile(".inst 0xd5031020" ::"r"(deadline) : "memory");  // WFIT X0
        asm volatile(".inst 0xd5031000" ::"r"(deadline) : "memory");  // WFET X0
    }
    register u64 past asm("x0") = 0;
    asm volatile(".inst 0xd5031020" ::"r"(past) : "memory");
    asm volatile(".inst 0xd5031000" ::"r"(past) : "memory");
}
