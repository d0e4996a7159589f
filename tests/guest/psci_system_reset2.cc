#include "smccc.h"

using namespace guest;

TEST(psci_system_reset2) {
    if (smccc::result32(smccc::hvc(psci::kFeatures, psci::kSystemReset2_64).x[0]) < 0) {
        skip("SYSTEM_RESET2 is optional and not implemented");
    }
    // A vendor-specific type that nobody defined, and architectural types that are reserved (DEN0022
    // SYSTEM_RESET2).
    EXPECT_EQ(smccc::result32(smccc::hvc(psci::kSystemReset2_64, 0x7fffffff, 0).x[0]),
              psci::kInvalidParameters);
    print("\nPASS psci_system_reset2\n");
    smccc::hvc(psci::kSystemReset2_64, 0, 0);  // SYSTEM_WARM_RESET
    EXPECT(!"SYSTEM_RESET2 returned");
}
