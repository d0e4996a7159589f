// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

u32 rounds = 0;
constexpr u32 kRounds = 200;

void sleeper(u64) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(1, 1), rvic::kSuccess);
    this_cpu().on_irq = rvic::count_irq;
    store(rounds, 1u);
    // The sender waits for each round, so a lost wake-up stops everything.
    for (u32 i = 0; i < kRounds; ++i) {
        while (rvic::irq_count(1, 1) == i) {
            asm volatile("wfi" ::: "memory");
            enable_interrupts();
            isb();
            mask_interrupts();
        }
        store(rounds, i + 2);
    }
}

}  // namespace

TEST(rvic_signal_wakes_wfi) {
    start_cpu(1, sleeper);
    for (u32 i = 0; i < kRounds; ++i) {
        EXPECT(wait_until([=] { return load(rounds) == i + 1; }));
        // Give it time to really sleep, now and then.
        if (i % 20 == 0) wait_until([] { return false; }, 20);
        EXPECT_EQ(rvic::signal(1, 1), rvic::kSuccess);
    }
    wait_cpu_off(1);
}
