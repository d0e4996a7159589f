// smp: 2
// only: trapeze
//
// An event ends WFI, with interrupts masked and none pending. The sender waits for each round, so a lost
// wake-up stops everything.
#include "sdei.h"

using namespace guest;

namespace {

constexpr u32 kRounds = 200;
u32 rounds = 0;
u32 handled = 0;

u64 handler(const sdei::Entry&) {
    store(handled, handled + 1);
    return 0;
}

void sleeper(u64) {
    sdei::expect_ready(sdei::kEvent0, handler);
    store(rounds, 1u);
    for (u32 i = 0; i < kRounds; ++i) {
        while (load(handled) == i) asm volatile("wfi" ::: "memory");
        store(rounds, i + 2);
    }
}

}  // namespace

TEST(sdei_wakes_wfi) {
    sdei::require();
    start_cpu(1, sleeper);
    for (u32 i = 0; i < kRounds; ++i) {
        EXPECT(wait_until([=] { return load(rounds) == i + 1; }));
        // Give it time to really sleep, now and then.
        if (i % 20 == 0) wait_until([] { return false; }, 20);
        EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(1)), sdei::kSuccess);
    }
    wait_cpu_off(1);
}
