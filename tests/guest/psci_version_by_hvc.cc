#include "smccc.h"

using namespace guest;

TEST(psci_version_by_hvc) {
    const u64 version = smccc::hvc(psci::kVersion).x[0];
    // DEN0022 PSCI_VERSION: major in [31:16] (bit 31 is zero), minor in [15:0]. The machine promises 1.0 or
    // later.
    EXPECT_EQ(version >> 32, 0);
    EXPECT(field(version, 30, 16) >= 1);
    EXPECT_EQ(field(version, 31, 31), 0);
    EXPECT(field(version, 30, 16) <= 9);
}
