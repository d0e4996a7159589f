// smp: 4
// timeout: 180
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u32 kCpus = 4;
constexpr u32 kSends = 500;
u32 ready = 0;
u32 finished = 0;

void member(u64) {
    const auto self = static_cast<unsigned>(this_cpu().index);
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    for (u32 intid = 0; intid < kCpus; ++intid) EXPECT_EQ(rvic::unmask(self, intid), rvic::kSuccess);
    this_cpu().on_irq = rvic::count_irq;
    enable_interrupts();
    add(ready, 1u);
    while (load(ready) != kCpus) asm volatile("yield");
    u64 state = self + 1;
    for (u32 i = 0; i < kSends; ++i) {
        EXPECT_EQ(rvic::signal(static_cast<unsigned>(random(state) % kCpus), self), rvic::kSuccess);
    }
    add(finished, 1u);
    if (self != 0) {
        while (true) asm volatile("wfi");
    }
}

}  // namespace

// Everybody at everybody. Signals of an INTID that is pending merge, so only this is certain: all CPUs go on,
// each gets some of each, none more than were sent, and nothing is left pending.
TEST(rvic_smp4_signal_storm) {
    for (unsigned cpu = 1; cpu < kCpus; ++cpu) start_cpu(cpu, member);
    member(0);
    EXPECT(wait_until([] { return load(finished) == kCpus; }, 150'000));
    u32 total = 0;
    for (unsigned cpu = 0; cpu < kCpus; ++cpu) {
        for (u32 intid = 0; intid < kCpus; ++intid) {
            EXPECT(wait_until([=] { return !rvic::is_pending(cpu, intid); }));
            EXPECT(rvic::irq_count(cpu, intid) > 0);
            total += rvic::irq_count(cpu, intid);
        }
    }
    EXPECT(total <= kCpus * kSends);
}
