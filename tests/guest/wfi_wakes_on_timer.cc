#include "timer.h"

using namespace guest;

namespace {

// The interrupt is masked in PSTATE, so it stays pending and WFI has to complete for it (DDI0487 "WFI wake-up
// events").
template <typename Timer>
void wakes() {
    intc::enable(Timer::kIntid);
    for (int i = 0; i < 3; ++i) {
        Timer::set_tval(20 * ticks_per_ms());
        Timer::set_ctl(kTimerEnable);
        while ((Timer::ctl() & kTimerStatus) == 0) asm volatile("wfi");
        EXPECT(Timer::count() >= Timer::cval());
        EXPECT(wait_until([] { return irq_signalled(); }));
        EXPECT_EQ(intc::acknowledge(), Timer::kIntid);
        Timer::set_ctl(0);
        intc::end(Timer::kIntid);
    }
    intc::disable(Timer::kIntid);
}

}  // namespace

TEST(wfi_wakes_on_timer) {
    intc::init();
    wakes<VirtualTimer>();
    wakes<PhysicalTimer>();
}
