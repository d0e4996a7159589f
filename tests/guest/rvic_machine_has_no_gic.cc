// irqchip: rvic
// only: trapeze
#include "gicv3.h"
#include "rvic.h"

using namespace guest;

// A guest must not find the other interrupt controller: no system registers, nothing at its addresses. (Some
// hosts answer ICC_SRE_EL1 without asking anybody, so that is left out.)
TEST(rvic_machine_has_no_gic) {
    EXPECT_EQ(field(READ_SYSREG(ID_AA64PFR0_EL1), 27, 24), 0);
    constexpr Encoding kRegisters[] = {
        {3, 0, 4, 6, 0},    // ICC_PMR_EL1
        {3, 0, 12, 12, 0},  // ICC_IAR1_EL1
        {3, 0, 12, 12, 7},  // ICC_IGRPEN1_EL1
    };
    for (const Encoding reg : kRegisters) {
        u64 value = 0;
        EXPECT_UNDEFINED(try_read(reg, value), execute_address());
    }
    EXPECT_EQ(read32(gic::kDist + gicv3::kPidr2), 0);
    EXPECT_EQ(read32(gicv3::kRedist + gicv3::kPidr2), 0);
}
