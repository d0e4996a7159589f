// smp: 3
// irqchip: gicv3 gicv2
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

// IHI0069 GICD_IROUTER<n>, IHI0048 GICD_ITARGETSR<n>.
TEST(spi_goes_to_its_target) {
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
        gic::set_target(kSpi, target);
        gic::set_pending(kSpi);
        ++expected[target];
        EXPECT(wait_until([=, &expected] { return gic::irq_count(target, kSpi) == expected[target]; }));
    }
    for (unsigned cpu = 0; cpu < 3; ++cpu) EXPECT_EQ_AT(cpu, gic::irq_count(cpu, kSpi), expected[cpu]);
}
