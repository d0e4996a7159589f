#include "timer.h"

using namespace guest;

namespace {

// The interrupt is masked in PSTATE, so it stays pending and WFI has to complete for it (DDI0487 "WFI wake-up
// events").
template <typename Timer>
void wakes() {
    gic::enable(Timer::kIntid);
    for (int i = 0; i < 3; ++i) {
        Timer::set_tval(20 * ticks_per_ms());
        Timer::set_ctl(kTimerEnable);
        while ((Timer::ctl() & kTimerStatus) == 0) asm volatile("wfi");
        EXPECT(Timer::count() >= Timer::cval());
        EXPECT(wait_until([] { return gic::highest_pending() == Timer::kIntid; }));
        EXPECT_EQ(gic::acknowledge(), Timer::kIntid);
        Timer::set_ctl(0);
        gic::end(Timer::kIntid);
    }
    gic::disable(Timer::kIntid);
}

}  // namespace

TEST(wfi_wakes_on_timer) {
    gic::init();
    wakes<VirtualTimer>();
    wakes<PhysicalTimer>();
}
