// smp: 4
// irqchip: gicv2
#include "gicv2.h"

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

void expect_received(u32 intid, u32 cpus) {
    for (unsigned cpu = 0; cpu < 4; ++cpu) {
        EXPECT(wait_until([=] { return gic::irq_count(cpu, intid) >= (cpus >> cpu & 1); }));
    }
    wait_until([] { return false; }, 5);
    for (unsigned cpu = 0; cpu < 4; ++cpu) EXPECT_EQ_AT(cpu, gic::irq_count(cpu, intid), cpus >> cpu & 1);
    gic::reset_counts();
}

}  // namespace

// IHI0048 "GICD_SGIR", TargetListFilter: 0 the CPUs of the list, 1 all but the sender, 2 the sender.
TEST(gicv2_sgir_filters) {
    gic::init();
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    for (unsigned cpu = 1; cpu < 4; ++cpu) start_cpu(cpu, receiver);
    EXPECT(wait_until([] { return load(ready) == 3; }));
    for (u32 list = 0; list < 16; ++list) {
        write32(gic::kDist + gicv2::kSgir, list << 16 | list);
        expect_received(list, list);
    }
    write32(gic::kDist + gicv2::kSgir, 1u << 24 | 0xff << 16 | 3);
    expect_received(3, 0b1110);
    write32(gic::kDist + gicv2::kSgir, 2u << 24 | 0xff << 16 | 3);
    expect_received(3, 0b0001);
}
