// smp: 2
// reboot: yes
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u32 kIntid = 60;
constexpr u32 kInput = rvic::kFirstMsiInput;

void enable_and_wait(u64) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    while (true) asm volatile("wfi");
}

}  // namespace

// SYSTEM_RESET resets every rVIC and clears the map of the rVID.
TEST(rvic_system_reset) {
    constexpr u64 kSecondBoot = 0x2b007ed5ec07d001;
    auto* flag = reinterpret_cast<volatile u64*>(kScratch);
    EXPECT(!irq_signalled());
    for (unsigned cpu = 0; cpu < 2; ++cpu) {
        EXPECT_EQ(rvic::signal(cpu, kIntid), rvic::kDisabled);
        EXPECT(!rvic::is_pending(cpu, kIntid));
    }
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::signal(0, kIntid), rvic::kSuccess);
    EXPECT(!irq_signalled());  // masked
    EXPECT_EQ(rvic::clear_pending(0, kIntid), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
    write32(rvic::kDoorbell, kInput);
    EXPECT(!irq_signalled());  // mapped nowhere
    if (*flag == kSecondBoot) {
        *flag = 0;
        return;
    }
    EXPECT_EQ(rvic::map(kInput, 0, kIntid), rvic::kSuccess);
    write32(rvic::kDoorbell, kInput);
    EXPECT(irq_signalled());
    start_cpu(1, enable_and_wait);
    EXPECT(wait_until([] { return rvic::signal(1, kIntid) == rvic::kSuccess; }));
    *flag = kSecondBoot;
    asm volatile("dc civac, %0\n dsb sy" ::"r"(flag) : "memory");
    smccc::hvc(psci::kSystemReset);
    EXPECT(!"SYSTEM_RESET returned");
}
