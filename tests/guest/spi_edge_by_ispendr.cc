// kvm deviates: kernel-irqchip
// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

namespace {

constexpr u32 kSpi = gic::kFreeSpi;

void edge() {
    gic::set_edge(kSpi, true);
    gic::set_pending(kSpi);
    EXPECT(gic::is_pending(kSpi));
    EXPECT_EQ(gic::acknowledge(), kSpi);
    EXPECT(!gic::is_pending(kSpi));
    EXPECT(gic::is_active(kSpi));
    // Again while active: active and pending, delivered once more after the end.
    gic::set_pending(kSpi);
    gic::set_pending(kSpi);
    EXPECT(gic::is_pending(kSpi));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::end(kSpi);
    EXPECT_EQ(gic::acknowledge(), kSpi);
    gic::end(kSpi);
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::set_pending(kSpi);
    gic::clear_pending(kSpi);
    EXPECT(!gic::is_pending(kSpi));
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
}

// A level-sensitive interrupt made pending by a write stays so until it is activated, with its line low.
void latch() {
    gic::set_edge(kSpi, false);
    gic::set_pending(kSpi);
    EXPECT(gic::is_pending(kSpi));
    EXPECT_EQ(gic::acknowledge(), kSpi);
    EXPECT(!gic::is_pending(kSpi));
    gic::end(kSpi);
    gic::set_pending(kSpi);
    gic::clear_pending(kSpi);
    EXPECT(!gic::is_pending(kSpi));
}

// Disabled interrupts become pending but are not signalled, until enabled.
void disabled() {
    gic::set_edge(kSpi, true);
    gic::disable(kSpi);
    gic::set_pending(kSpi);
    EXPECT(gic::is_pending(kSpi));
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::enable(kSpi);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), kSpi);
    gic::end(kSpi);
}

}  // namespace

// KVM learns of an acknowledgement, and of the end of one, only when the vCPU exits; until then
// GICD_ISPENDR<n> shows the old state.
TEST(spi_edge_by_ispendr) {
    gic::init();
    gic::set_target(kSpi, 0);
    gic::enable(kSpi);
    edge();
    latch();
    disabled();
}
