#include "timer.h"

using namespace guest;

namespace {

u32 taken = 0;
u32 last = 0;
bool status_seen = false;

template <typename Timer>
void handler() {
    const u32 intid = intc::acknowledge();
    last = intid;
    status_seen = (Timer::ctl() & kTimerStatus) != 0;
    Timer::set_ctl(0);
    store(taken, taken + 1);
    intc::end(intid);
}

template <typename Timer>
void interrupts() {
    constexpr u32 kIntid = Timer::kIntid;
    this_cpu().on_irq = handler<Timer>;
    store(taken, 0u);
    intc::enable(kIntid);
    enable_interrupts();
    for (u32 i = 1; i <= 10; ++i) {
        const u64 deadline = Timer::count() + 5 * ticks_per_ms();
        Timer::set_cval(deadline);
        Timer::set_ctl(kTimerEnable);
        EXPECT(wait_until([=] { return load(taken) == i; }));
        EXPECT(Timer::count() >= deadline);
        EXPECT_EQ(last, kIntid);
        EXPECT(status_seen);
    }
    mask_interrupts();
    // The output is a level: masked by CTL.IMASK it goes away, and the interrupt with it.
    Timer::set_tval(0);
    Timer::set_ctl(kTimerEnable);
    EXPECT(wait_until([=] { return intc::is_pending(kIntid); }));
    Timer::set_ctl(kTimerEnable | kTimerMasked);
    EXPECT_EQ(Timer::ctl(), kTimerEnable | kTimerMasked | kTimerStatus);
    if (intc::follows_wires()) {
        EXPECT(wait_until([=] { return !intc::is_pending(kIntid); }));
        EXPECT(wait_until([] { return !irq_signalled(); }));
    }
    Timer::set_ctl(0);
    intc::disable(kIntid);
}

}  // namespace

TEST(ppi_timer_interrupts) {
    intc::init();
    interrupts<VirtualTimer>();
    interrupts<PhysicalTimer>();
}
