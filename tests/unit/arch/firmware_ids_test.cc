#include <gtest/gtest.h>

#include "trapeze/arch/psci.h"
#include "trapeze/arch/smccc.h"

namespace trapeze::arch {
namespace {

TEST(Smccc, FunctionIdFields) {
    EXPECT_TRUE(smccc::is_fast(smccc::SMCCC_VERSION));
    EXPECT_FALSE(smccc::is_fast(0x3200'0000));
    EXPECT_TRUE(smccc::is_smc64(psci::CPU_ON_64));
    EXPECT_FALSE(smccc::is_smc64(psci::CPU_ON));
    EXPECT_EQ(smccc::owner(smccc::SMCCC_VERSION), smccc::Owner::ArmArchitecture);
    EXPECT_EQ(smccc::owner(psci::CPU_ON_64), smccc::Owner::StandardSecure);
    EXPECT_EQ(smccc::owner(0xc600'0000), smccc::Owner::VendorHypervisor);
}

TEST(Smccc, OnlyFastCallsCarryTheSveHint) {
    EXPECT_EQ(smccc::without_hint(0x8401'0000), psci::PSCI_VERSION);
    EXPECT_EQ(smccc::without_hint(0x3201'0000), 0x3201'0000u);
    EXPECT_EQ(smccc::without_hint(0x8402'0000), 0x8402'0000u);  // [23:17] must be zero
}

TEST(Psci, ReservedFunctionRange) {
    EXPECT_TRUE(psci::is_psci_function(0x8400'0000));
    EXPECT_TRUE(psci::is_psci_function(0xc400'001f));
    EXPECT_FALSE(psci::is_psci_function(0xc400'0020));  // SDEI
    EXPECT_FALSE(psci::is_psci_function(smccc::SMCCC_VERSION));
}

}  // namespace
}  // namespace trapeze::arch
