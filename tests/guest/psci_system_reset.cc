// reboot: yes
// timeout: 60
// irqchip: gicv3 gicv2
#include "gic.h"
#include "smccc.h"

using namespace guest;

// DEN0022 SYSTEM_RESET: a cold start of the whole system. RAM outside the image is not cleared by this
// machine, so that the second boot can tell; system registers are as after reset.
TEST(psci_system_reset) {
    constexpr u64 kSecondBoot = 0x2b007ed5ec07d000;
    auto* flag = reinterpret_cast<volatile u64*>(kScratch);
    EXPECT_EQ(cpus[0].entry.current_el, 1 << 2);
    EXPECT_EQ(cpus[0].entry.daif, 0xf << 6);
    EXPECT_EQ(cpus[0].entry.sctlr & (1 << 0 | 1 << 2 | 1 << 12), 0);
    // ICC_PMR_EL1 and GICC_PMR reset to zero.
    EXPECT_EQ(gic::mask(), 0);
    EXPECT(!gic::cpu_interface_enabled());
    EXPECT_EQ(read32(gic::kDist + gic::kCtlr) & 3, 0);
    if (*flag == kSecondBoot) {
        *flag = 0;
        return;
    }
    gic::init();
    EXPECT(gic::mask() != 0 && gic::cpu_interface_enabled());
    *flag = kSecondBoot;
    asm volatile("dc civac, %0\n dsb sy" ::"r"(flag) : "memory");
    smccc::hvc(psci::kSystemReset);
    EXPECT(!"SYSTEM_RESET returned");
}
