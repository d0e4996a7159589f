// smp: 8
// timeout: 180
#include "intc.h"

using namespace guest;

namespace {

constexpr u32 kRounds = 1000;
u32 ready = 0;
u32 received[MAX_CPUS];

void next() {
    const u64 self = this_cpu().index;
    const u32 intid = intc::acknowledge();
    intc::end(intid);
    if (intid != 9) return;
    const u32 count = received[self] + 1;
    store(received[self], count);
    if (count < kRounds || self != 7) intc::send(9, 1u << (self + 1) % 8);
}

void member(u64) {
    intc::init_cpu();
    intc::enable(9);
    this_cpu().on_irq = next;
    enable_interrupts();
    add(ready, 1u);
    while (true) asm volatile("wfi");
}

}  // namespace

// An SGI goes round eight CPUs a thousand times; one that is lost or delivered twice stops or breaks the
// count.
TEST(smp8_sgi_ping_pong) {
    intc::init();
    intc::enable(9);
    this_cpu().on_irq = next;
    for (unsigned cpu = 1; cpu < 8; ++cpu) start_cpu(cpu, member);
    EXPECT(wait_until([] { return load(ready) == 7; }));
    enable_interrupts();
    intc::send(9, 2);
    // CPU 0 is last in the first round, so it gets one fewer.
    EXPECT(wait_until([] { return load(received[7]) == kRounds; }, 150'000));
    wait_until([] { return false; }, 20);
    for (unsigned cpu = 1; cpu < 8; ++cpu) EXPECT_EQ_AT(cpu, received[cpu], kRounds);
    EXPECT_EQ(received[0], kRounds - 1);
}
