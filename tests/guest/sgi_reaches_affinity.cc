// smp: 4
// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

namespace {

u32 ready = 0;
u32 done = 0;

void receiver(u64) {
    gicv3::init_cpu();
    for (u32 i = 0; i < 16; ++i) gicv3::enable(i);
    this_cpu().on_irq = gicv3::count_irq;
    enable_interrupts();
    add(ready, 1u);
    while (load(done) == 0) asm volatile("yield");
}

}  // namespace

// IHI0069 ICC_SGI1R_EL1: the PEs whose Aff3.Aff2.Aff1 match and whose Aff0 is in the target list, and no
// other.
TEST(sgi_reaches_affinity) {
    gicv3::init();
    for (u32 i = 0; i < 16; ++i) gicv3::enable(i);
    this_cpu().on_irq = gicv3::count_irq;
    enable_interrupts();
    for (unsigned cpu = 1; cpu < 4; ++cpu) start_cpu(cpu, receiver);
    EXPECT(wait_until([] { return load(ready) == 3; }));
    const bool range_selector = field(READ_SYSREG(ICC_CTLR_EL1), 18, 18) != 0;
    u32 expected[4][16] = {};
    for (u32 intid = 0; intid < 16; ++intid) {
        const u16 targets = static_cast<u16>(intid % 15 + 1);  // every non-empty set of four CPUs
        gicv3::send_sgi(intid, targets);
        // Nobody: no such affinity (Aff1 7), no bit set, and an Aff0 range that does not exist (RS 3, which
        // only means something with ICC_CTLR_EL1.RSS).
        WRITE_SYSREG(ICC_SGI1R_EL1, u64{intid} << 24 | u64{7} << 16 | 0xf);
        WRITE_SYSREG(ICC_SGI1R_EL1, u64{intid} << 24);
        if (range_selector) WRITE_SYSREG(ICC_SGI1R_EL1, u64{intid} << 24 | u64{3} << 44 | 0xf);
        for (unsigned cpu = 0; cpu < 4; ++cpu) {
            if ((targets >> cpu & 1) != 0) ++expected[cpu][intid];
            EXPECT(
                wait_until([=, &expected] { return gicv3::irq_count(cpu, intid) >= expected[cpu][intid]; }));
        }
    }
    wait_until([] { return false; }, 50);
    for (u32 intid = 0; intid < 16; ++intid) {
        for (unsigned cpu = 0; cpu < 4; ++cpu) {
            EXPECT_EQ_AT(cpu << 8 | intid, gicv3::irq_count(cpu, intid), expected[cpu][intid]);
        }
    }
    store(done, 1u);
}
