// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u32 kIntid = 50;
u32 phase = 0;
u32 done = 0;

// Waits for a phase, then for ISR_EL1.I to have a level, without a call of its own.
void observe(u32 number, bool level) {
    EXPECT(wait_until([=] { return load(phase) == number; }));
    EXPECT(wait_until([=] { return irq_signalled() == level; }));
    store(done, number);
}

void observer(u64) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    for (u32 number = 1; number <= 6; ++number) observe(number, number % 2 != 0);
}

void next() {
    const u32 number = load(phase) + 1;
    store(phase, number);
    EXPECT(wait_until([=] { return load(done) == number; }));
}

}  // namespace

// What a CPU does to the rVIC of another shows there at once, in both directions, and not here.
TEST(rvic_line_of_other_cpu) {
    start_cpu(1, observer);
    EXPECT(wait_until([] { return rvic::signal(1, kIntid) == rvic::kSuccess; }));
    EXPECT_EQ(rvic::unmask(1, kIntid), rvic::kSuccess);
    next();
    EXPECT_EQ(rvic::mask(1, kIntid), rvic::kSuccess);
    next();
    EXPECT_EQ(rvic::unmask(1, kIntid), rvic::kSuccess);
    next();
    EXPECT_EQ(rvic::clear_pending(1, kIntid), rvic::kSuccess);
    next();
    EXPECT_EQ(rvic::signal(1, kIntid), rvic::kSuccess);
    next();
    EXPECT_EQ(rvic::clear_pending(1, kIntid), rvic::kSuccess);
    EXPECT(!rvic::is_pending(0, kIntid));
    next();
    EXPECT(!irq_signalled());
    wait_cpu_off(1);
}
