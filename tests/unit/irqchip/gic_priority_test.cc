#include "gic/priority.h"

#include <gtest/gtest.h>

namespace trapeze::irqchip::gic {
namespace {

TEST(GicPriority, BinaryPointsSplitPriorities) {
    // IHI0048 and IHI0069 "Priority grouping": BPR0 n leaves [7:n+1]; that of group 1 n leaves [7:n].
    const struct {
        u8 bpr;
        u8 group0;
        u8 group1;
    } rows[] = {{2, 0xf8, 0xfc}, {3, 0xf0, 0xf8}, {4, 0xe0, 0xf0},
                {5, 0xc0, 0xe0}, {6, 0x80, 0xc0}, {7, 0, 0x80}};
    for (const auto& row : rows) {
        CpuRegs regs;
        regs.bpr = {row.bpr, row.bpr};
        EXPECT_EQ(group_priority_mask(regs, Group::G0), row.group0);
        EXPECT_EQ(group_priority_mask(regs, Group::G1), row.group1);
        regs.common_bpr = true;
        EXPECT_EQ(group_priority_mask(regs, Group::G1), row.group0);
    }
    // At reset both groups use all five bits.
    EXPECT_EQ(group_priority_mask({}, Group::G0), 0xf8);
    EXPECT_EQ(group_priority_mask({}, Group::G1), 0xf8);
}

TEST(GicPriority, IdleWhenNothingIsActive) {
    const CpuRegs regs;
    EXPECT_EQ(running_priority(regs), 0xff);
    EXPECT_EQ(running_group(regs), std::nullopt);
}

TEST(GicPriority, RunningPriorityIsTheBestOfBothGroups) {
    CpuRegs regs;
    regs.active_priorities = {1u << 20, 1u << 5 | 1u << 31};
    EXPECT_EQ(running_priority(regs), 5 << 3);
    EXPECT_EQ(running_group(regs), Group::G1);
    drop_running_priority(regs, Group::G1);
    EXPECT_EQ(running_priority(regs), 20 << 3);
    EXPECT_EQ(running_group(regs), Group::G0);
    drop_running_priority(regs, Group::G0);
    EXPECT_EQ(running_priority(regs), 0xf8);
    drop_running_priority(regs, Group::G0);  // nothing there
    drop_running_priority(regs, Group::G1);
    EXPECT_EQ(running_priority(regs), 0xff);
}

TEST(GicPriority, MaskMustBeBeaten) {
    CpuRegs regs;
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G1, 0));  // PMR 0 masks everything
    regs.pmr = 0x80;
    EXPECT_TRUE(has_sufficient_priority(regs, Group::G1, 0x78));
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G1, 0x80));
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G1, 0x88));
}

TEST(GicPriority, SubprioritiesDoNotPreempt) {
    CpuRegs regs;
    regs.pmr = 0xf8;
    regs.bpr = {4, 5};  // [7:5] is the group priority for both
    raise_running_priority(regs, Group::G1, 0x58);
    EXPECT_EQ(running_priority(regs), 0x40);
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G1, 0x40));
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G0, 0x40));
    EXPECT_TRUE(has_sufficient_priority(regs, Group::G1, 0x38));
    EXPECT_TRUE(has_sufficient_priority(regs, Group::G0, 0x38));
}

TEST(GicPriority, NoGroupPriorityBitsMeansNoPreemption) {
    CpuRegs regs;
    regs.pmr = 0xf8;
    regs.bpr[0] = 7;
    EXPECT_TRUE(has_sufficient_priority(regs, Group::G0, 0xf0));
    raise_running_priority(regs, Group::G0, 0xf0);
    EXPECT_EQ(running_priority(regs), 0);
    EXPECT_FALSE(has_sufficient_priority(regs, Group::G0, 0));
}

}  // namespace
}  // namespace trapeze::irqchip::gic
