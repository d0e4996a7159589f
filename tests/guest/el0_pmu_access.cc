#include "cpu.h"

using namespace guest;

namespace {

constexpr Encoding kPmcr{3, 3, 9, 12, 0};
constexpr Encoding kPmuserenr{3, 3, 9, 14, 0};

}  // namespace

// PMUSERENR_EL0 decides what EL0 may do with the PMU, even where a hypervisor traps the PMU anyway.
TEST(el0_pmu_access) {
    const u64 version = field(READ_SYSREG(ID_AA64DFR0_EL1), 11, 8);
    const bool present = version != 0 && version != 15;
    const u32 code[] = {kPmcr.mrs(), 0xd4000001};
    if (!present) {
        u64 value = 0;
        EXPECT_UNDEFINED(try_read(kPmuserenr, value), execute_address());
        const Caught caught = run_at_el0(code, code + 2, 0);
        EXPECT_EQ(caught.ec(), 0);
        EXPECT_EQ(caught.elr, EL0_REGION);
        return;
    }
    WRITE_SYSREG(PMUSERENR_EL0, 0);
    isb();
    // A trap with a syndrome; KVM, which implements the PMU of a virtual CPU, makes it UNDEFINED instead.
    const Caught refused = run_at_el0(code, code + 2, 0);
    EXPECT(refused.ec() == 0x18 || refused.ec() == 0);
    EXPECT_EQ(refused.elr, EL0_REGION);
    WRITE_SYSREG(PMUSERENR_EL0, 1);
    isb();
    EXPECT_EQ(run_at_el0(code, code + 2, 0).ec(), 0x15);
    WRITE_SYSREG(PMUSERENR_EL0, 0);
}
