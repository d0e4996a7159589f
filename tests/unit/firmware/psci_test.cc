#include "firmware_fixture.h"

namespace trapeze::firmware {
namespace {

using arch::psci::Status;
using testing::ElementsAre;
using trap::StopReason;
namespace p = arch::psci;

constexpr s64 code(Status s) {
    return static_cast<s64>(s);
}

class PsciTest : public Firmware {};

TEST_F(PsciTest, VersionIs1_3) {
    EXPECT_EQ(x0(0x8400'0000), 0x1'0003);
    EXPECT_EQ(x0(0xc400'0000), -1);  // there is no SMC64 form
}

TEST_F(PsciTest, BothConduits) {
    const trap::Outcome outcome = call(p::PSCI_VERSION, 0, 0, 0, trap::Conduit::Smc);
    ASSERT_TRUE(std::holds_alternative<trap::CallResult>(outcome));
    EXPECT_EQ(std::get<trap::CallResult>(outcome).x[0], 0x1'0003u);
}

TEST_F(PsciTest, CpuOn) {
    EXPECT_EQ(x0(0xc400'0003, 0x001, 0x4008'0000, 0x1234'5678'9abc'def0), code(Status::SUCCESS));
    EXPECT_THAT(power_.started, ElementsAre(FakePower::Started{0x001, 0x4008'0000, 0x1234'5678'9abc'def0}));
    // The same target again, while it is coming up and once it is up.
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0x4008'0000), code(Status::ON_PENDING));
    power_.powers[1] = CpuPower::On;
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0x4008'0000), code(Status::ALREADY_ON));
    EXPECT_EQ(power_.started.size(), 1u);
}

TEST_F(PsciTest, CpuOnOfTheCallerIsAlreadyOn) {
    EXPECT_EQ(x0(p::CPU_ON_64, 0x000, 0x4008'0000), code(Status::ALREADY_ON));
}

TEST_F(PsciTest, CpuOnReachesAff3OnlyWithTheSmc64Call) {
    EXPECT_EQ(x0(p::CPU_ON_64, 0x1'0000'0101, 0x4008'0000), code(Status::SUCCESS));
    EXPECT_EQ(x0(p::CPU_ON, 0x1'0000'0101, 0x4008'0000), code(Status::INVALID_PARAMETERS));
}

TEST_F(PsciTest, CpuOnWithThe32BitCallUsesWRegisters) {
    EXPECT_EQ(x0(0x8400'0003, 0xffff'ffff'0000'0100, 0xffff'ffff'4008'0000, 0xffff'ffff'0000'0007),
              code(Status::SUCCESS));
    EXPECT_THAT(power_.started, ElementsAre(FakePower::Started{0x100, 0x4008'0000, 7}));
}

TEST_F(PsciTest, CpuOnRefusesBadTargets) {
    EXPECT_EQ(x0(p::CPU_ON_64, 0x002, 0x4008'0000), code(Status::INVALID_PARAMETERS));
    for (const unsigned bit_number : {24u, 31u, 40u, 63u}) {
        EXPECT_EQ(x0(p::CPU_ON_64, 0x001 | bit(bit_number), 0x4008'0000), code(Status::INVALID_PARAMETERS))
            << bit_number;
    }
    EXPECT_EQ(x0(p::CPU_ON, 0x8000'0001, 0x4008'0000), code(Status::INVALID_PARAMETERS));
    EXPECT_TRUE(power_.started.empty());
}

TEST_F(PsciTest, CpuOnRefusesBadEntryPoints) {
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0x1000), code(Status::INVALID_ADDRESS));
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0x4008'0002), code(Status::INVALID_ADDRESS));
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0xffff'0000'4008'0000), code(Status::INVALID_ADDRESS));
    EXPECT_TRUE(power_.started.empty());
}

TEST_F(PsciTest, CpuOnReportsAnInternalFailure) {
    power_.broken = true;
    EXPECT_EQ(x0(p::CPU_ON_64, 0x001, 0x4008'0000), code(Status::INTERNAL_FAILURE));
}

TEST_F(PsciTest, AffinityInfoOfOneCpu) {
    for (const u32 function : {p::AFFINITY_INFO, p::AFFINITY_INFO_64}) {
        power_.powers = {CpuPower::On, CpuPower::OnPending, CpuPower::Off, CpuPower::On};
        EXPECT_EQ(x0(function, 0x000, 0), 0);  // ON
        EXPECT_EQ(x0(function, 0x001, 0), 2);  // ON_PENDING
        EXPECT_EQ(x0(function, 0x100, 0), 1);  // OFF
        EXPECT_EQ(x0(function, 0x002, 0), code(Status::INVALID_PARAMETERS));
        EXPECT_EQ(x0(function, 0x0100'0000, 0), code(Status::INVALID_PARAMETERS));
        EXPECT_EQ(x0(function, 0x000, 4), code(Status::INVALID_PARAMETERS));
    }
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x1'0000'0101, 0), 0);
    // The 32-bit call sees only W1: Aff3 cannot be given, so this names 0x101, which does not exist.
    EXPECT_EQ(x0(p::AFFINITY_INFO, 0x1'0000'0101, 0), code(Status::INVALID_PARAMETERS));
}

TEST_F(PsciTest, AffinityInfoOfAClusterIsOnIfAnyOfItsCpusIs) {
    power_.affinities = {0x000, 0x001, 0x100, 0x101};
    power_.powers = {CpuPower::On, CpuPower::Off, CpuPower::Off, CpuPower::OnPending};
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x001, 1), 0);
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x100, 1), 2);
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x1ff, 1), 2);  // Aff0 is ignored
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x1ff, 2), 0);  // both clusters
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x200, 1), code(Status::INVALID_PARAMETERS));
    power_.powers[3] = CpuPower::Off;
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x100, 1), 1);
    EXPECT_EQ(x0(p::AFFINITY_INFO_64, 0x100, 3), 0);
}

TEST_F(PsciTest, CpuOffStopsTheCaller) {
    EXPECT_EQ(stop_of(call(0x8400'0002)), StopReason::CpuOff);
}

TEST_F(PsciTest, CpuSuspendBlocksWithSuccess) {
    for (const u32 function : {p::CPU_SUSPEND, p::CPU_SUSPEND_64}) {
        // Standby needs no entry point; a power-down is downgraded to standby, but must have a valid one.
        for (const auto& [state, entry] :
             {std::pair<u64, u64>{0x0000'0000, 0}, {0x0100'1234, 0}, {0x0301'0001, 0x4008'0000}}) {
            const trap::Outcome outcome = call(function, state, entry, 5);
            const auto* block = std::get_if<trap::Block>(&outcome);
            ASSERT_NE(block, nullptr) << state;
            EXPECT_FALSE(block->deadline_cntvct.has_value());
            ASSERT_TRUE(block->result.has_value());
            EXPECT_EQ(block->result->count, 1);
            EXPECT_EQ(block->result->x[0], 0u);
        }
        EXPECT_EQ(x0(function, 0x0001'0000, 0x1000), code(Status::INVALID_ADDRESS));
        // Reserved bits of the original power_state format.
        for (const unsigned bit_number : {17u, 23u, 26u, 30u, 31u}) {
            EXPECT_EQ(x0(function, bit(bit_number)), code(Status::INVALID_PARAMETERS)) << bit_number;
        }
    }
}

TEST_F(PsciTest, MigrationIsNotRequired) {
    EXPECT_EQ(x0(0x8400'0006), 2);
    EXPECT_EQ(x0(p::MIGRATE), code(Status::NOT_SUPPORTED));
    EXPECT_EQ(x0(p::MIGRATE_64), code(Status::NOT_SUPPORTED));
    EXPECT_EQ(x0(p::MIGRATE_INFO_UP_CPU), code(Status::NOT_SUPPORTED));
}

TEST_F(PsciTest, SystemOffAndReset) {
    EXPECT_EQ(stop_of(call(0x8400'0008)), StopReason::PowerOff);
    EXPECT_EQ(stop_of(call(0x8400'0009)), StopReason::Reset);
}

TEST_F(PsciTest, SystemReset2) {
    for (const u32 function : {0x8400'0012u, 0xc400'0012u}) {
        EXPECT_EQ(stop_of(call(function, 0, 0x55)), StopReason::Reset);
        EXPECT_EQ(x0(function, 1), code(Status::INVALID_PARAMETERS));
        EXPECT_EQ(x0(function, 0x7fff'ffff), code(Status::INVALID_PARAMETERS));
        EXPECT_EQ(x0(function, 0x8000'0000), code(Status::NOT_SUPPORTED));
        EXPECT_EQ(x0(function, 0xffff'ffff), code(Status::NOT_SUPPORTED));
    }
}

TEST_F(PsciTest, SystemOff2) {
    for (const u32 function : {0x8400'0015u, 0xc400'0015u}) {
        EXPECT_EQ(stop_of(call(function, 1)), StopReason::PowerOff);  // HIBERNATE_OFF
        EXPECT_EQ(stop_of(call(function, 0)), StopReason::PowerOff);
        EXPECT_EQ(x0(function, 2), code(Status::INVALID_PARAMETERS));
        EXPECT_EQ(x0(function, 1, 1), code(Status::INVALID_PARAMETERS));
    }
}

TEST_F(PsciTest, FeaturesFollowTheTable) {
    for (u32 number = 0; number < 0x20; ++number) {
        for (const u32 base : {0x8400'0000u, 0xc400'0000u}) {
            const u32 function = base | number;
            const s64 features = x0(p::PSCI_FEATURES, function);
            if (calls_.implements(function)) {
                EXPECT_GE(features, 0) << std::hex << function;
            } else {
                EXPECT_EQ(features, code(Status::NOT_SUPPORTED)) << std::hex << function;
                EXPECT_EQ(x0(function), code(Status::NOT_SUPPORTED)) << std::hex << function;
            }
        }
    }
}

TEST_F(PsciTest, FeaturesOfMandatoryFunctionsAndTheirFlags) {
    // DEN0022 table "PSCI functions": mandatory since 1.0.
    for (const u32 function :
         {0x8400'0000u, 0x8400'0001u, 0xc400'0001u, 0x8400'0002u, 0x8400'0003u, 0xc400'0003u, 0x8400'0004u,
          0xc400'0004u, 0x8400'0008u, 0x8400'0009u, 0x8400'000au})
        EXPECT_EQ(x0(p::PSCI_FEATURES, function), 0) << std::hex << function;
    EXPECT_EQ(x0(p::PSCI_FEATURES, 0x8400'0015), 1);  // HIBERNATE_OFF
    EXPECT_EQ(x0(p::PSCI_FEATURES, 0xc400'0015), 1);
    EXPECT_EQ(x0(p::PSCI_FEATURES, 0x8400'0012), 0);
}

TEST_F(PsciTest, FeaturesAlsoAnswersForSmcccVersionAndForNothingElse) {
    EXPECT_EQ(x0(p::PSCI_FEATURES, 0x8000'0000), 0);
    EXPECT_EQ(x0(p::PSCI_FEATURES, arch::smccc::SMCCC_ARCH_FEATURES), code(Status::NOT_SUPPORTED));
    EXPECT_EQ(x0(p::PSCI_FEATURES, arch::smccc::TRNG_VERSION), code(Status::NOT_SUPPORTED));
    EXPECT_EQ(x0(p::PSCI_FEATURES, 0xffff'ffff), code(Status::NOT_SUPPORTED));
}

TEST_F(PsciTest, OptionalFunctionsAreAbsent) {
    for (const u32 function :
         {p::CPU_FREEZE, p::CPU_DEFAULT_SUSPEND, p::CPU_DEFAULT_SUSPEND_64, p::NODE_HW_STATE,
          p::SYSTEM_SUSPEND, p::SYSTEM_SUSPEND_64, p::PSCI_SET_SUSPEND_MODE, p::PSCI_STAT_RESIDENCY,
          p::PSCI_STAT_COUNT, p::MEM_PROTECT, p::MEM_PROTECT_CHECK_RANGE})
        EXPECT_EQ(x0(function), code(Status::NOT_SUPPORTED)) << std::hex << function;
}

}  // namespace
}  // namespace trapeze::firmware
