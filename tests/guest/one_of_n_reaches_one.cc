// smp: 3
// only: trapeze/gicv2
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

u32 total() {
    return gic::irq_count(0, gic::kFreeSpi) + gic::irq_count(1, gic::kFreeSpi) +
           gic::irq_count(2, gic::kFreeSpi);
}

}  // namespace

// IHI0069 GICD_IROUTER<n>.Interrupt_Routing_Mode: any participating PE, but one. IHI0048 "Implications of the
// 1-N model": of several targets, the one that acknowledges it first. (QEMU 7.2 gives an edge to each target
// of a GICv2.)
TEST(one_of_n_reaches_one) {
    constexpr u32 kSpi = gic::kFreeSpi;
    gic::init();
    if (gic::kind() == gic::Kind::Gicv3 && (read32(gic::kDist + gic::kTyper) & 1 << 25) != 0) {
        skip("GICD_TYPER.No1N: 1 of N is not supported");
    }
    gic::set_edge(kSpi, true);
    gic::set_targets(kSpi, 7);
    gic::enable(kSpi);
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    for (unsigned cpu = 1; cpu < 3; ++cpu) start_cpu(cpu, receiver);
    EXPECT(wait_until([] { return load(ready) == 2; }));
    for (u32 i = 1; i <= 50; ++i) {
        gic::set_pending(kSpi);
        EXPECT(wait_until([=] { return total() >= i; }));
        EXPECT(wait_until([] { return !gic::is_active(gic::kFreeSpi); }));
        EXPECT_EQ_AT(i, total(), i);
    }
}
