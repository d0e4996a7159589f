// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u32 kIpi = 2;
constexpr u32 kIntid = 90;
constexpr u32 kInput = rvic::kFirstMsiInput + 3;

// Leaves everything on that can be.
void first_life(u64) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(1, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(1, kIpi), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(1, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(1, kIpi), rvic::kSuccess);
    EXPECT(irq_signalled());
}

void second_life(u64) {
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::call(rvic::kAcknowledge), rvic::kDisabled);
    EXPECT(!rvic::is_pending(1, kIntid));
    EXPECT(!rvic::is_pending(1, kIpi));
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::acknowledge(), rvic::kNone);
    // Masked, both of them.
    EXPECT_EQ(rvic::signal(1, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(1, kIpi), rvic::kSuccess);
    EXPECT(!irq_signalled());
    EXPECT_EQ(rvic::clear_pending(1, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(1, kIntid), rvic::kSuccess);
    // The map is the rVID's and still there.
    write32(rvic::kDoorbell, kInput);
    EXPECT(irq_signalled());
    EXPECT_EQ(rvic::acknowledge(), kIntid);
}

}  // namespace

// A CPU that is turned on finds its own rVIC as after reset, and others as they were.
TEST(rvic_cpu_on_resets_it) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(0, kIpi), rvic::kSuccess);
    EXPECT_EQ(rvic::map(kInput, 1, kIntid), rvic::kSuccess);
    for (int i = 0; i < 3; ++i) {
        start_cpu(1, first_life);
        wait_cpu_off(1);
        start_cpu(1, second_life);
        wait_cpu_off(1);
    }
    EXPECT(rvic::is_pending(0, kIpi));
    EXPECT_EQ(rvic::unmask(0, kIpi), rvic::kSuccess);
    EXPECT_EQ(rvic::acknowledge(), kIpi);
}
