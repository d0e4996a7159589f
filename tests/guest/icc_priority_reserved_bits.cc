// kvm deviates: kernel-irqchip
// only: trapeze
// irqchip: gicv3
#include "gicv3.h"

using namespace guest;

namespace {

constexpr u64 kValues[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0xf8, 0xfffffff8, ~u64{0}, 0x8000000000000000};

}  // namespace

// IHI0069 ICC_BPR0_EL1, ICC_BPR1_EL1: only bits [2:0] count, and a value below the least one that is
// implemented sets that one. QEMU 7.2 compares before it masks, and stores a 0 for 8; bits [63:8] of
// ICC_PMR_EL1 are RES0, and it keeps 32 of them.
// The hardware's ICC_BPR0_EL1 has the least value of a CPU interface with more priority bits than are
// shown to guests.
TEST(icc_priority_reserved_bits) {
    WRITE_SYSREG(ICC_BPR0_EL1, 0);
    WRITE_SYSREG(ICC_BPR1_EL1, 0);
    const u64 least0 = READ_SYSREG(ICC_BPR0_EL1);
    const u64 least1 = READ_SYSREG(ICC_BPR1_EL1);
    EXPECT(least0 <= 3 && least1 <= 4);
    const auto clamp = [](u64 value, u64 least) { return (value & 7) < least ? least : value & 7; };
    for (const u64 value : kValues) {
        WRITE_SYSREG(ICC_BPR0_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_BPR0_EL1), clamp(value, least0));
        WRITE_SYSREG(ICC_BPR1_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_BPR1_EL1), clamp(value, least1));
        WRITE_SYSREG(ICC_PMR_EL1, value);
        EXPECT_EQ_AT(value, READ_SYSREG(ICC_PMR_EL1), value & gicv3::implemented_priority());
    }
}
