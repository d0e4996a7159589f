#include "call.h"

#include <gtest/gtest.h>

namespace trapeze::firmware {
namespace {

TEST(DescribeOutcome, NamesWhatTheCallDoes) {
    EXPECT_EQ(describe(result(0)), "0x0");
    EXPECT_EQ(describe(result(-2)), "0xfffffffffffffffe");
    EXPECT_EQ(describe(trap::CallResult{{0, 1, 2, 3}, 4}), "0x0 0x1 0x2 0x3");
    EXPECT_EQ(describe(trap::Block{{}, result(0)}), "block, 0x0");
    EXPECT_EQ(describe(trap::Stop{trap::StopReason::CpuOff}), "CPU off");
    EXPECT_EQ(describe(trap::Stop{trap::StopReason::PowerOff}), "power off");
    EXPECT_EQ(describe(trap::Stop{trap::StopReason::Reset}), "reset");
}

}  // namespace
}  // namespace trapeze::firmware
