#include "timer.h"

using namespace guest;

namespace {

// DDI0487 CNTV_TVAL_EL0: reads as the low 32 bits of CVAL - count; a write sets CVAL to count +
// SignExtend(value).
template <typename Timer>
void registers() {
    const u64 slack = 2000 * ticks_per_ms();
    Timer::set_ctl(kTimerMasked);
    EXPECT_EQ(Timer::ctl() & 3, kTimerMasked);
    Timer::set_cval(0x123456789abcdef0);
    EXPECT_EQ(Timer::cval(), 0x123456789abcdef0);
    u64 before = Timer::count();
    Timer::set_tval(100000);
    u64 after = Timer::count();
    EXPECT(Timer::cval() >= before + 100000 && Timer::cval() <= after + 100000);
    before = Timer::count();
    Timer::set_tval(static_cast<u32>(-5000));
    after = Timer::count();
    EXPECT(Timer::cval() + 5000 >= before && Timer::cval() + 5000 <= after);
    EXPECT(static_cast<s32>(Timer::tval()) <= -5000);
    // Upper bits of the written value do not count.
    before = Timer::count();
    Timer::set_tval(0xdeadbeef00001000);
    after = Timer::count();
    EXPECT(Timer::cval() >= before + 0x1000 && Timer::cval() <= after + 0x1000);
    Timer::set_cval(Timer::count() + slack);
    EXPECT(Timer::tval() <= slack && Timer::tval() > 0);
    EXPECT_EQ(Timer::tval() >> 32, 0);
    // ISTATUS follows the comparison, while enabled.
    Timer::set_ctl(kTimerEnable | kTimerMasked);
    EXPECT_EQ(Timer::ctl(), kTimerEnable | kTimerMasked);
    Timer::set_cval(Timer::count());
    EXPECT_EQ(Timer::ctl(), kTimerEnable | kTimerMasked | kTimerStatus);
    Timer::set_cval(~u64{0});
    EXPECT_EQ(Timer::ctl(), kTimerEnable | kTimerMasked);
    Timer::set_cval(0);
    EXPECT_EQ(Timer::ctl(), kTimerEnable | kTimerMasked | kTimerStatus);
    Timer::set_ctl(0);
}

}  // namespace

TEST(timers_cval_tval) {
    EXPECT(READ_SYSREG(CNTFRQ_EL0) >= 1'000'000);
    registers<VirtualTimer>();
    registers<PhysicalTimer>();
}
