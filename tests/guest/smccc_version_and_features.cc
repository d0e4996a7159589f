// kvm deviates: any
// only: trapeze
#include "smccc.h"

using namespace guest;

// The kernel answers the Arm Architecture Calls, as SMCCC 1.1: SMCCC_ARCH_FEATURES knows none of them.
TEST(smccc_version_and_features) {
    // The discovery that DEN0028 "Discovery of the SMCCC version" prescribes: first by PSCI_FEATURES.
    EXPECT_EQ(smccc::result32(smccc::hvc(psci::kFeatures, smccc::kVersion).x[0]), 0);
    const u64 version = smccc::hvc(smccc::kVersion).x[0];
    EXPECT_EQ(version >> 31, 0);
    EXPECT(version >= 0x10001);  // 1.1: ARCH_FEATURES exists
    const auto features = [](u64 id) { return smccc::result32(smccc::hvc(smccc::kArchFeatures, id).x[0]); };
    EXPECT_EQ(features(smccc::kVersion), 0);
    EXPECT_EQ(features(smccc::kArchFeatures), 0);
    EXPECT_EQ(features(0x8000fffe), -1);
    // WORKAROUND_1: 0 (call it), 1 (this CPU does not need it) or NOT_SUPPORTED, and never anything else.
    const s32 workaround1 = features(smccc::kArchWorkaround1);
    EXPECT(workaround1 >= -1 && workaround1 <= 1);
    const s32 workaround2 = features(smccc::kArchWorkaround2);
    EXPECT(workaround2 >= -2 && workaround2 <= 1);
    if (workaround1 == 0) smccc::hvc(smccc::kArchWorkaround1);
}
