// irqchip: rvic
// only: trapeze
#include "rvic.h"
#include "timer.h"

using namespace guest;

namespace {

u32 taken = 0;
bool status_seen = false;

// As Linux does: handle, resample, unmask.
template <typename Timer, u32 intid>
void handler() {
    const u64 got = rvic::acknowledge();
    if (got == rvic::kNone) return;
    EXPECT_EQ(got, intid);
    status_seen = (Timer::ctl() & kTimerStatus) != 0;
    Timer::set_ctl(0);
    store(taken, taken + 1);
    EXPECT_EQ(rvic::resample(intid), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
}

template <typename Timer, u32 intid>
void interrupts() {
    this_cpu().on_irq = handler<Timer, intid>;
    store(taken, 0u);
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
    enable_interrupts();
    for (u32 i = 1; i <= 10; ++i) {
        const u64 deadline = Timer::count() + 5 * ticks_per_ms();
        Timer::set_cval(deadline);
        Timer::set_ctl(kTimerEnable);
        EXPECT(wait_until([=] { return load(taken) == i; }));
        EXPECT(Timer::count() >= deadline);
        EXPECT(status_seen);
    }
    mask_interrupts();
}

// The output is a level for as long as the condition holds: RESAMPLE and CLEAR_MASKED find it.
template <typename Timer, u32 intid>
void level() {
    Timer::set_tval(0);
    Timer::set_ctl(kTimerEnable);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(rvic::acknowledge(), intid);
    EXPECT(!rvic::is_pending(0, intid));
    EXPECT_EQ(rvic::resample(intid), rvic::kSuccess);
    EXPECT(rvic::is_pending(0, intid));
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
    EXPECT(irq_signalled());
    EXPECT_EQ(rvic::acknowledge(), intid);
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
    EXPECT_EQ(rvic::acknowledge(), intid);
    // Masked at the timer, it is gone.
    Timer::set_ctl(kTimerEnable | kTimerMasked);
    EXPECT_EQ(rvic::resample(intid), rvic::kSuccess);
    EXPECT(!rvic::is_pending(0, intid));
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
    EXPECT(!irq_signalled());
    Timer::set_ctl(0);
    EXPECT_EQ(rvic::mask(0, intid), rvic::kSuccess);
}

// Asleep, too: the handler is what ends the wait.
template <typename Timer, u32 intid>
void wakes_wfi() {
    EXPECT_EQ(rvic::unmask(0, intid), rvic::kSuccess);
    for (u32 i = 0; i < 10; ++i) {
        store(taken, 0u);
        Timer::set_tval(3 * ticks_per_ms());
        Timer::set_ctl(kTimerEnable);
        while (load(taken) == 0) {
            asm volatile("wfi" ::: "memory");
            enable_interrupts();
            isb();
            mask_interrupts();
        }
    }
    EXPECT_EQ(rvic::mask(0, intid), rvic::kSuccess);
}

template <typename Timer, u32 intid>
void all() {
    interrupts<Timer, intid>();
    level<Timer, intid>();
    wakes_wfi<Timer, intid>();
}

}  // namespace

TEST(rvic_timer_is_level) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    all<VirtualTimer, rvic::kVirtualTimer>();
    all<PhysicalTimer, rvic::kPhysicalTimer>();
}
