// smp: 2
// only: trapeze
//
// The virtual timer of each CPU, bound to an event: a periodic non-maskable interrupt, private to each CPU.
// (Where KVM has the interrupt controller, timers are wired to it, and binding is denied.)
#include "sdei.h"
#include "timer.h"

using namespace guest;

namespace {

u64 event = 0;
u32 handled[2];

u64 handler(const sdei::Entry&) {
    VirtualTimer::set_ctl(0);
    u32& own = handled[this_cpu().index];
    store(own, own + 1);
    return 0;
}

void use(u64) {
    const u64 index = this_cpu().index;
    sdei::expect_ready(event, handler);
    for (u32 i = 1; i <= 20; ++i) {
        VirtualTimer::set_tval(ticks_per_ms());
        VirtualTimer::set_ctl(kTimerEnable);
        // Every second time asleep.
        EXPECT(wait_until([=] {
            if (i % 2 == 0 && load(handled[index]) < i) asm volatile("wfi" ::: "memory");
            return load(handled[index]) == i;
        }));
        EXPECT(!irq_signalled());
    }
}

}  // namespace

TEST(sdei_bound_timer) {
    sdei::require();
    intc::init();
    const s64 bound = sdei::call(sdei::kBind, intc::kVirtualTimer);
    if (bound == sdei::kDenied) skip("KVM's interrupt controller has the timers");
    EXPECT(bound > 0);
    event = static_cast<u64>(bound);
    EXPECT_EQ(sdei::call(sdei::kGetInfo, event, 0), 0);  // private

    start_cpu(1, use);
    use(0);
    EXPECT_EQ(sdei::call(sdei::kUnregister, event), sdei::kSuccess);
    wait_cpu_off(1);
    EXPECT_EQ(handled[0], 20);
    EXPECT_EQ(handled[1], 20);

    // CPU 1 is off: what it had registered is gone, so nobody needs the binding.
    EXPECT_EQ(sdei::call(sdei::kRelease, event), sdei::kSuccess);
    intc::enable(intc::kVirtualTimer);
    VirtualTimer::set_tval(0);
    VirtualTimer::set_ctl(kTimerEnable);
    EXPECT(wait_until([] { return irq_signalled(); }));
    VirtualTimer::set_ctl(0);
}
