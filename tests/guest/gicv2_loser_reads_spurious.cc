// smp: 2
// irqchip: gicv2
// only: trapeze
#include "gicv2.h"

using namespace guest;

namespace {

constexpr u32 kSpi = gic::kFreeSpi;
u32 step = 0;

void winner(u64) {
    gic::init_cpu();
    store(step, 1u);
    EXPECT(wait_until([] { return load(step) == 2; }));
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), kSpi);
    store(step, 3u);
    EXPECT(wait_until([] { return load(step) == 4; }));
    gic::end(kSpi);
    store(step, 5u);
}

}  // namespace

// IHI0048 "Implications of the 1-N model": the acknowledge by one target removes the pending state at the
// others. (QEMU 7.2 has a pending state for each target.)
TEST(gicv2_loser_reads_spurious) {
    gic::init();
    gic::set_edge(kSpi, true);
    gic::set_targets(kSpi, 3);
    gic::enable(kSpi);
    start_cpu(1, winner);
    EXPECT(wait_until([] { return load(step) == 1; }));
    gic::set_pending(kSpi);
    EXPECT(wait_until([] { return irq_signalled(); }));
    store(step, 2u);
    EXPECT(wait_until([] { return load(step) == 3; }));
    EXPECT(wait_until([] { return !irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    EXPECT(gic::is_active(kSpi) && !gic::is_pending(kSpi));
    EXPECT_EQ(gic::running_priority(), gic::kIdlePriority);
    store(step, 4u);
    EXPECT(wait_until([] { return load(step) == 5; }));
    EXPECT(!gic::is_active(kSpi));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
}
