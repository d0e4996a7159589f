// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

namespace {

constexpr u32 kSelf = 1;

void begin(u32 intid, u8 priority) {
    gic::set_priority(intid, priority);
    gic::send(intid, kSelf);
    EXPECT(wait_until([=] { return gic::is_pending(intid); }));
}

}  // namespace

// IHI0069 and IHI0048 "Interrupt prioritization": a pending interrupt preempts if its group priority is
// higher (a smaller number) than the running priority; subpriority only orders.
TEST(priority_preemption) {
    gic::init();
    for (u32 i = 0; i < 8; ++i) gic::enable(i);
    EXPECT_EQ(gic::running_priority(), 0xff);
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);

    begin(1, 0xa0);
    EXPECT(irq_signalled());
    EXPECT_EQ(gic::acknowledge(), 1);
    EXPECT_EQ(gic::running_priority(), 0xa0);
    EXPECT(!irq_signalled());
    // The same and a lower priority wait.
    begin(2, 0xa0);
    begin(3, 0xb0);
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    // A higher one preempts, and one that is higher still preempts that.
    begin(4, 0x80);
    EXPECT(irq_signalled());
    EXPECT_EQ(gic::highest_pending(), 4);
    EXPECT_EQ(gic::acknowledge(), 4);
    EXPECT_EQ(gic::running_priority(), 0x80);
    begin(5, 0x20);
    EXPECT_EQ(gic::acknowledge(), 5);
    EXPECT_EQ(gic::running_priority(), 0x20);
    EXPECT_EQ(gic::active_priorities(), 3);
    gic::end(5);
    EXPECT_EQ(gic::running_priority(), 0x80);
    gic::end(4);
    EXPECT_EQ(gic::running_priority(), 0xa0);
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    gic::end(1);
    // Then the rest, in order of priority.
    EXPECT_EQ(gic::acknowledge(), 2);
    gic::end(2);
    EXPECT_EQ(gic::acknowledge(), 3);
    EXPECT_EQ(gic::running_priority(), 0xb0);
    gic::end(3);
    EXPECT_EQ(gic::running_priority(), 0xff);
    EXPECT_EQ(gic::active_priorities(), 0);

    // Only bit 7 is group priority.
    gic::set_group_priority_bits(1);
    begin(1, 0xf0);
    EXPECT_EQ(gic::acknowledge(), 1);
    EXPECT_EQ(gic::running_priority(), 0x80);
    begin(2, 0x80);
    EXPECT(!irq_signalled());
    EXPECT_EQ(gic::acknowledge(), gic::kSpurious);
    begin(3, 0x70);
    EXPECT(irq_signalled());
    EXPECT_EQ(gic::acknowledge(), 3);
    EXPECT_EQ(gic::running_priority(), 0);
    gic::end(3);
    gic::end(1);
    EXPECT_EQ(gic::acknowledge(), 2);
    gic::end(2);
}
