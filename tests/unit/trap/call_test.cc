#include "trapeze/trap/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trap/sysregs_fake_cpu.h"

namespace trapeze::trap {
namespace {

TEST(DescribeOutcome, NamesWhatTheCallDoes) {
    EXPECT_EQ(describe(result(0)), "0x0");
    EXPECT_EQ(describe(result(-2)), "0xfffffffffffffffe");
    EXPECT_EQ(describe(CallResult{{0, 1, 2, 3}, 4}), "0x0 0x1 0x2 0x3");
    EXPECT_EQ(describe(Block{{}, result(0)}), "block, 0x0");
    EXPECT_EQ(describe(Stop{StopReason::CpuOff}), "CPU off");
    EXPECT_EQ(describe(Stop{StopReason::PowerOff}), "power off");
    EXPECT_EQ(describe(Stop{StopReason::Reset}), "reset");
}

// DEN0028 "Unknown Function Identifier"; nothing of the arguments stays in the result registers.
TEST(HypercallSpace, AnUnknownCallIsNotSupportedAndClearsTheResults) {
    const HypercallSpace calls;
    FakeCpu cpu;
    for (unsigned n = 1; n < 4; ++n) cpu.set_x(n, 0x1234 + n);
    for (const u64 function : {0xc500'0103u, 0xc500'020bu, 0x8400'0000u, 0u}) {
        cpu.set_x(0, function);
        for (const u16 immediate : {u16{0}, u16{1}}) {
            const Outcome outcome = calls.handle({Conduit::Hvc, immediate}, cpu);
            ASSERT_TRUE(std::holds_alternative<CallResult>(outcome)) << function;
            EXPECT_EQ(std::get<CallResult>(outcome).count, 4);
            EXPECT_THAT(std::get<CallResult>(outcome).x, testing::ElementsAre(~u64{0}, 0, 0, 0));
        }
    }
}

}  // namespace
}  // namespace trapeze::trap
