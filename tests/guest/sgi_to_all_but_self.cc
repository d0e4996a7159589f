// smp: 4
// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

namespace {

u32 ready = 0;

void receiver(u64) {
    gic::init_cpu();
    gic::enable(5);
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    add(ready, 1u);
    while (true) asm volatile("wfi");
}

}  // namespace

// IHI0069 ICC_SGI1R_EL1.IRM, IHI0048 GICD_SGIR.TargetListFilter.
TEST(sgi_to_all_but_self) {
    gic::init();
    gic::enable(5);
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    for (unsigned cpu = 1; cpu < 4; ++cpu) start_cpu(cpu, receiver);
    EXPECT(wait_until([] { return load(ready) == 3; }));
    for (u32 i = 1; i <= 20; ++i) {
        gic::send_to_others(5);
        for (unsigned cpu = 1; cpu < 4; ++cpu) {
            EXPECT(wait_until([=] { return gic::irq_count(cpu, 5) == i; }));
        }
    }
    EXPECT_EQ(gic::irq_count(0, 5), 0);
    EXPECT(!gic::is_pending(5));
}
