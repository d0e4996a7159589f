// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

namespace {

u32 fiqs = 0;
u32 last = 0;

void on_fiq() {
    last = gicv3::acknowledge0();
    gicv3::end0(last);
    store(fiqs, fiqs + 1);
}

}  // namespace

// IHI0069 "Interrupt grouping", one Security state: Group 0 is signalled as FIQ, with registers of its own.
TEST(group0_is_fiq) {
    gicv3::init();
    constexpr u32 kSpi = gicv3::kFreeSpi;
    gicv3::set_group(kSpi, 0);
    gicv3::set_edge(kSpi, true);
    gicv3::set_route(kSpi, mpidr_of(0));
    gicv3::enable(kSpi);
    gicv3::set_pending(kSpi);
    EXPECT(wait_until([] { return fiq_signalled(); }));
    EXPECT(!irq_signalled());
    EXPECT_EQ(READ_SYSREG(ICC_HPPIR0_EL1), kSpi);
    EXPECT_EQ(gicv3::acknowledge(), gicv3::kSpurious);
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 0);
    isb();
    EXPECT(!fiq_signalled());
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
    isb();
    this_cpu().on_fiq = on_fiq;
    enable_interrupts();
    EXPECT(wait_until([] { return load(fiqs) == 1; }));
    mask_interrupts();
    EXPECT_EQ(last, kSpi);
    EXPECT(!gicv3::is_active(kSpi));
    // An SGI of group 0, sent as such.
    gicv3::set_group(4, 0);
    gicv3::enable(4);
    WRITE_SYSREG(ICC_SGI0R_EL1, u64{4} << 24 | 1);
    isb();
    EXPECT(wait_until([] { return fiq_signalled(); }));
    EXPECT_EQ(gicv3::acknowledge0(), 4);
    EXPECT_EQ(bits_set(READ_SYSREG(ICC_AP0R0_EL1)), 1);
    EXPECT_EQ(READ_SYSREG(ICC_AP1R0_EL1), 0);
    gicv3::end0(4);
    EXPECT_EQ(READ_SYSREG(ICC_AP0R0_EL1), 0);
}
