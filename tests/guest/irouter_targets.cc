// smp: 3
#include "gic.h"

using namespace guest;

namespace {

u32 ready = 0;

void receiver(u64) {
    gic::init_cpu();
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    add(ready, 1u);
    while (true) asm volatile("wfi");
}

}  // namespace

TEST(irouter_targets) {
    constexpr u32 kSpi = gic::kFreeSpi;
    gic::init();
    gic::set_edge(kSpi, true);
    gic::enable(kSpi);
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    for (unsigned cpu = 1; cpu < 3; ++cpu) start_cpu(cpu, receiver);
    EXPECT(wait_until([] { return load(ready) == 2; }));
    u32 expected[3] = {};
    for (unsigned i = 0; i < 30; ++i) {
        const unsigned target = (i * 2 + i / 7) % 3;
        gic::set_route(kSpi, mpidr_of(target));
        EXPECT_EQ(read64(gic::kDist + gic::kIrouter + kSpi * 8), mpidr_of(target));
        gic::set_pending(kSpi);
        ++expected[target];
        EXPECT(wait_until([=, &expected] { return gic::irq_count(target, kSpi) == expected[target]; }));
    }
    for (unsigned cpu = 0; cpu < 3; ++cpu) EXPECT_EQ_AT(cpu, gic::irq_count(cpu, kSpi), expected[cpu]);
    // Pending at one CPU that masks it, it moves with its route.
    mask_interrupts();
    gic::set_route(kSpi, mpidr_of(0));
    gic::set_pending(kSpi);
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    gic::set_route(kSpi, mpidr_of(1));
    ++expected[1];
    EXPECT(wait_until([=, &expected] { return gic::irq_count(1, kSpi) == expected[1]; }));
    EXPECT(wait_until([] { return !gic::irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    // Nobody has this affinity: it stays pending.
    gic::set_route(kSpi, 0x0f00);
    gic::set_pending(kSpi);
    wait_until([] { return false; }, 20);
    EXPECT(gic::is_pending(kSpi));
    for (unsigned cpu = 0; cpu < 3; ++cpu) EXPECT_EQ_AT(cpu, gic::irq_count(cpu, kSpi), expected[cpu]);
}
