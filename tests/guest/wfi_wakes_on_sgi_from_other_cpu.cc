// smp: 2
#include "intc.h"

using namespace guest;

namespace {

u32 ready = 0;
u32 rounds = 0;
constexpr u32 kRounds = 200;

void sleeper(u64) {
    intc::init_cpu();
    intc::enable(1);
    this_cpu().on_irq = intc::count_irq;
    store(ready, 1u);
    // The sender waits for each round, so a lost wake-up stops everything.
    for (u32 i = 0; i < kRounds; ++i) {
        while (intc::irq_count(1, 1) == i) {
            asm volatile("wfi" ::: "memory");
            enable_interrupts();
            isb();
            mask_interrupts();
        }
        store(rounds, i + 1);
    }
}

}  // namespace

TEST(wfi_wakes_on_sgi_from_other_cpu) {
    intc::init();
    start_cpu(1, sleeper);
    EXPECT(wait_until([] { return load(ready) == 1; }));
    for (u32 i = 0; i < kRounds; ++i) {
        // Give it time to really sleep, now and then.
        if (i % 20 == 0) wait_until([] { return false; }, 20);
        intc::send(1, 2);
        EXPECT(wait_until([=] { return load(rounds) == i + 1; }));
    }
    wait_cpu_off(1);
}
