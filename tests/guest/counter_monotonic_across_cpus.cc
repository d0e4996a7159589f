// smp: 4
// timeout: 120
#include "cpu.h"

using namespace guest;

namespace {

constexpr u32 kRounds = 100;
u32 turn = 0;
u64 latest = 0;

// Each CPU in its turn reads the counter after the one before it did: it can never be less.
void player(u64) {
    const u32 self = static_cast<u32>(this_cpu().index);
    for (u32 i = 0; i < kRounds; ++i) {
        EXPECT(wait_until([=] { return load(turn) == i * 4 + self; }));
        dsb();
        const u64 now = counter();
        const u64 before = load(latest);
        if (now < before) fail_values(__FILE__, __LINE__, "CNTVCT_EL0 went back", now, before);
        store(latest, now);
        store(turn, i * 4 + self + 1);
    }
}

}  // namespace

TEST(counter_monotonic_across_cpus) {
    for (unsigned cpu = 1; cpu < 4; ++cpu) start_cpu(cpu, player);
    player(0);
    EXPECT(wait_until([] { return load(turn) == kRounds * 4; }));
    EXPECT(READ_SYSREG(CNTPCT_EL0) != 0);
}
