#include "smccc.h"

using namespace guest;

namespace {

s32 features(u64 id) {
    return smccc::result32(smccc::hvc(psci::kFeatures, id).x[0]);
}

}  // namespace

// DEN0022 PSCI_FEATURES: mandatory functions are there, both forms of those that have two, and an id that is
// no PSCI function is not.
TEST(psci_features) {
    constexpr u64 kMandatory[] = {psci::kVersion,      psci::kCpuOff,         psci::kCpuOn32,
                                  psci::kCpuOn64,      psci::kAffinityInfo32, psci::kAffinityInfo64,
                                  psci::kSystemOff,    psci::kSystemReset,    psci::kFeatures,
                                  psci::kCpuSuspend32, psci::kCpuSuspend64};
    for (const u64 id : kMandatory) {
        if (features(id) < 0) EXPECT_EQ_AT(id, features(id), 0);
    }
    // No 64-bit form exists of functions without a 64-bit argument.
    EXPECT_EQ(features(0xc4000000), psci::kNotSupported);
    EXPECT_EQ(features(0xc4000002), psci::kNotSupported);
    EXPECT_EQ(features(0xc4000008), psci::kNotSupported);
    EXPECT_EQ(features(0xc400000a), psci::kNotSupported);
    EXPECT_EQ(features(0x8400001f), psci::kNotSupported);
    EXPECT_EQ(features(0xdeadbeef), psci::kNotSupported);
    // CPU_SUSPEND: bit 1 parameter format, bit 0 OS-initiated mode, the rest zero.
    EXPECT_EQ(features(psci::kCpuSuspend64) & ~3, 0);
}
