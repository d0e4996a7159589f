// smp: 2
// irqchip: gicv2
// only: trapeze
#include "gicv2.h"

using namespace guest;

namespace {

constexpr u32 kPpi = 16;
u32 step = 0;

void other(u64) {
    EXPECT(!gic::is_pending(kPpi));
    gic::set_pending(kPpi + 1);
    gic::clear_pending(kPpi);
    store(step, 1u);
}

}  // namespace

// IHI0048 "GICD_ISPENDRn": banked for PPIs, like the other registers of private interrupts. (In QEMU 7.2 a
// write makes a PPI pending for all CPUs.)
TEST(gicv2_pending_is_banked) {
    gic::init();
    gic::set_pending(kPpi);
    EXPECT(gic::is_pending(kPpi));
    start_cpu(1, other);
    EXPECT(wait_until([] { return load(step) == 1; }));
    EXPECT(gic::is_pending(kPpi));
    EXPECT(!gic::is_pending(kPpi + 1));
    gic::clear_pending(kPpi);
    EXPECT(!gic::is_pending(kPpi));
}
