#include "gic.h"

using namespace guest;

namespace {

u32 fiqs = 0;
u32 last = 0;

void on_fiq() {
    last = gic::acknowledge0();
    gic::end0(last);
    store(fiqs, fiqs + 1);
}

}  // namespace

// IHI0069 "Interrupt grouping", one Security state: Group 0 is signalled as FIQ, with registers of its own.
TEST(group0_is_fiq) {
    gic::init();
    constexpr u32 kSpi = gic::kFreeSpi;
    gic::set_group(kSpi, 0);
    gic::set_edge(kSpi, true);
    gic::set_route(kSpi, mpidr_of(0));
    gic::enable(kSpi);
    gic::set_pending(kSpi);
    EXPECT(wait_until([] { return gic::fiq_signalled(); }));
    EXPECT(!gic::irq_signalled());
    EXPECT_EQ(READ_SYSREG(ICC_HPPIR0_EL1), kSpi);
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 0);
    isb();
    EXPECT(!gic::fiq_signalled());
    WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
    isb();
    this_cpu().on_fiq = on_fiq;
    enable_interrupts();
    EXPECT(wait_until([] { return load(fiqs) == 1; }));
    mask_interrupts();
    EXPECT_EQ(last, kSpi);
    EXPECT(!gic::is_active(kSpi));
    // An SGI of group 0, sent as such.
    gic::set_group(4, 0);
    gic::enable(4);
    WRITE_SYSREG(ICC_SGI0R_EL1, u64{4} << 24 | 1);
    isb();
    EXPECT(wait_until([] { return gic::fiq_signalled(); }));
    EXPECT_EQ(gic::acknowledge0(), 4);
    EXPECT_EQ(bits_set(READ_SYSREG(ICC_AP0R0_EL1)), 1);
    EXPECT_EQ(READ_SYSREG(ICC_AP1R0_EL1), 0);
    gic::end0(4);
    EXPECT_EQ(READ_SYSREG(ICC_AP0R0_EL1), 0);
}
