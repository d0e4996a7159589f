// smp: 8
// timeout: 180
#include "gic.h"

using namespace guest;

namespace {

constexpr u32 kSends = 1000;
u32 ready = 0;
u32 finished = 0;
u32 drained = 0;
u32 seen[MAX_CPUS];

void receive() {
    const u32 intid = intc::acknowledge();
    if (intid == intc::kSpurious) return;
    intc::end(intid);
    add(seen[this_cpu().index], 1u);
}

void member(u64) {
    if (this_cpu().index != 0) intc::init_cpu();
    for (u32 i = 0; i < 8; ++i) intc::enable(i);
    this_cpu().on_irq = receive;
    enable_interrupts();
    add(ready, 1u);
    while (load(ready) != 8) asm volatile("yield");
    u64 state = this_cpu().index + 1;
    for (u32 i = 0; i < kSends; ++i) {
        const u64 r = random(state);
        intc::send(static_cast<u32>(this_cpu().index), 1u << r % 8);
    }
    add(finished, 1u);
    EXPECT(wait_until([] { return load(finished) == 8; }, 150'000));
    // Everything has been sent; what is private to this CPU, only it can see.
    for (u32 i = 0; i < 8; ++i) {
        EXPECT(wait_until([=] { return !intc::is_pending(i) && !(gic::present() && gic::is_active(i)); }));
    }
    add(drained, 1u);
    if (this_cpu().index != 0) {
        while (true) asm volatile("wfi");
    }
}

}  // namespace

// Everybody at everybody. Sends of the same INTID to a CPU that has it pending merge, so only this is
// certain: all CPUs go on, each gets some, none more than were sent, and nothing is left pending.
TEST(smp8_sgi_storm) {
    intc::init();
    for (unsigned cpu = 1; cpu < 8; ++cpu) start_cpu(cpu, member);
    member(0);
    EXPECT(wait_until([] { return load(drained) == 8; }));
    u32 total = 0;
    for (unsigned cpu = 0; cpu < 8; ++cpu) {
        EXPECT(load(seen[cpu]) > 0);
        total += load(seen[cpu]);
    }
    EXPECT(total <= 8 * kSends);
}
