// kvm deviates: kernel-irqchip
// smp: 2
// irqchip: gicv3 gicv2
// only: trapeze/gicv2
#include "gic.h"

using namespace guest;

namespace {

constexpr u32 kSpi = gic::kFreeSpi;
u32 ready = 0;

void receiver(u64) {
    gic::init_cpu();
    this_cpu().on_irq = gic::count_irq;
    enable_interrupts();
    store(ready, 1u);
    while (true) asm volatile("wfi");
}

}  // namespace

// IHI0048 "GICD_ITARGETSRn": a change has an effect on an interrupt that is pending. IHI0069 has the same of
// GICD_IROUTER<n>. (QEMU 7.2 decides when an interrupt of a GICv2 becomes pending for whom it is.)
// KVM moves an interrupt that is pending only when it leaves its vCPU's list registers.
TEST(pending_spi_follows_its_target) {
    gic::init();
    gic::set_edge(kSpi, true);
    gic::enable(kSpi);
    start_cpu(1, receiver);
    EXPECT(wait_until([] { return load(ready) == 1; }));
    // Pending at a CPU that masks it in PSTATE.
    gic::set_target(kSpi, 0);
    gic::set_pending(kSpi);
    EXPECT(wait_until([] { return irq_signalled(); }));
    gic::set_target(kSpi, 1);
    EXPECT(wait_until([] { return gic::irq_count(1, kSpi) == 1; }));
    EXPECT(wait_until([] { return !irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    // Without a target it stays pending.
    gic::set_targets(kSpi, 0);
    gic::set_pending(kSpi);
    wait_until([] { return false; }, 20);
    EXPECT(gic::is_pending(kSpi));
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::irq_count(1, kSpi), 1);
    gic::set_target(kSpi, 0);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), kSpi);
    gic::end(kSpi);
}
