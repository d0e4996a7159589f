// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

namespace {

constexpr u64 kValues[] = {0, 1, 7, 8, 0xf8, 0xfffffff8, ~u64{0}, 0x8000000000000000};

}  // namespace

// Writes to the RES0 bits of the CPU interface are ignored: they must never be validated as part of a value.
TEST(icc_reserved_bits) {
    gicv3::init();
    for (const u64 value : kValues) {
        WRITE_SYSREG(ICC_PMR_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_PMR_EL1) & 0xff, value & gicv3::implemented_priority());
        WRITE_SYSREG(ICC_IGRPEN0_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_IGRPEN0_EL1), value & 1);
        WRITE_SYSREG(ICC_IGRPEN1_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_IGRPEN1_EL1), value & 1);
        const u64 fixed = READ_SYSREG(ICC_CTLR_EL1) & 0xffffff00;
        WRITE_SYSREG(ICC_CTLR_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_CTLR_EL1) & 0xffffff00, fixed);  // PRIbits, IDbits, SEIS, A3V
        EXPECT_EQ_AT(value, field(READ_SYSREG(ICC_CTLR_EL1), 1, 1), field(value, 1, 1));
        // Ends of interrupts that are not active, spurious and special ones, are harmless.
        WRITE_SYSREG(ICC_EOIR0_EL1, value & 0xffffff);
        WRITE_SYSREG(ICC_EOIR1_EL1, value & 0xffffff);
    }
    WRITE_SYSREG(ICC_CTLR_EL1, 0);
    WRITE_SYSREG(ICC_SRE_EL1, ~u64{0});
    EXPECT_EQ(READ_SYSREG(ICC_SRE_EL1) & 1, 1);
    EXPECT_EQ(READ_SYSREG(ICC_SRE_EL1) >> 3, 0);
    EXPECT_EQ(gicv3::running_priority() & 0xff, 0xff);
}
