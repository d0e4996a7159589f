#include "smccc.h"

using namespace guest;

// Run with -no-reboot: a reset ends the program with status 0, which the runner checks.
TEST(psci_system_reset_ends_run) {
    print("\nPASS psci_system_reset_ends_run\n");
    smccc::hvc(psci::kSystemReset);
    EXPECT(!"SYSTEM_RESET returned");
}
