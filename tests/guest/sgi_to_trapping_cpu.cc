// smp: 2
// timeout: 60
#include "intc.h"

using namespace guest;

namespace {

u32 received = 0, stop_it = 0, ready = 0;

void on_irq() {
    const u32 intid = intc::acknowledge();
    intc::end(intid);
    if (intid == 3) add(received, 1u);
}
void victim(u64) {
    intc::init_cpu();
    intc::enable(3);
    this_cpu().on_irq = on_irq;
    enable_interrupts();
    store(ready, 1u);
    while (load(stop_it) == 0) (void)READ_SYSREG(ID_AA64PFR0_EL1);
}

}  // namespace

// Interrupts reach a CPU whatever it is doing: here it traps all the time, so that they come while the
// hypervisor is entering or leaving it.
TEST(sgi_to_trapping_cpu) {
    intc::init();
    start_cpu(1, victim);
    EXPECT(wait_until([] { return load(ready) == 1; }));
    const u64 start = counter();
    u64 seed = 88172645463325252ull;
    for (u32 n = 1; counter() - start < 10'000 * ticks_per_ms(); ++n) {
        for (u64 d = random(seed) % 500; d != 0; --d) asm volatile("" ::: "memory");
        intc::send(3, 2);
        if (!wait_until([=] { return load(received) == n; }, 4000)) EXPECT_EQ(load(received), n);
    }
    store(stop_it, 1u);
}
