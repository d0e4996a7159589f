// smp: 3
#include "cpu.h"
#include "smccc.h"

using namespace guest;

namespace {

s32 affinity_info(u64 mpidr, u64 level = 0) {
    return smccc::result32(smccc::hvc(psci::kAffinityInfo64, mpidr, level).x[0]);
}

s32 cpu_on(u64 mpidr, u64 context) {
    return smccc::result32(smccc::hvc(psci::kCpuOn64, mpidr, psci::entry_point(), context).x[0]);
}

void remember_and_wait(u64) {
    Cpu& cpu = this_cpu();
    while (load(cpu.argument) != 0) asm volatile("yield");
}

}  // namespace

TEST(psci_cpu_on_off) {
    constexpr u64 kContext = 0xfeedface12345678;
    constexpr u64 kNoCpu = 0x00000f07;  // Aff1 15
    EXPECT_EQ(affinity_info(0), psci::kAffinityOn);
    EXPECT_EQ(affinity_info(1), psci::kAffinityOff);
    EXPECT_EQ(affinity_info(2), psci::kAffinityOff);
    EXPECT_EQ(affinity_info(kNoCpu), psci::kInvalidParameters);
    EXPECT_EQ(cpu_on(kNoCpu, 0), psci::kInvalidParameters);
    EXPECT_EQ(cpu_on(0, 0), psci::kAlreadyOn);

    for (int round = 0; round < 3; ++round) {
        Cpu& cpu = cpus[1];
        cpu.function = remember_and_wait;
        cpu.argument = 1;
        store(cpu.running, 1u);
        dsb();
        EXPECT_EQ(cpu_on(1, kContext + static_cast<u64>(round)), psci::kSuccess);
        EXPECT(wait_until([] { return affinity_info(1) == psci::kAffinityOn; }));
        EXPECT_EQ(affinity_info(2), psci::kAffinityOff);
        EXPECT_EQ(cpu_on(1, 0), psci::kAlreadyOn);
        store(cpu.argument, u64{0});
        EXPECT(wait_until([&] { return load(cpu.running) == 0; }));
        // DEN0022 CPU_ON "initial state": x0 holds the context id, at the caller's EL, with SPSel 1,
        // interrupts masked, stage 1 MMU and caches off.
        EXPECT_EQ(cpu.entry.x0, kContext + static_cast<u64>(round));
        EXPECT_EQ(cpu.entry.current_el, 1 << 2);
        EXPECT_EQ(cpu.entry.daif, 0xf << 6);
        EXPECT_EQ(cpu.entry.spsel, 1);
        EXPECT_EQ(cpu.entry.sctlr & (1 << 0 | 1 << 2 | 1 << 12), 0);
        EXPECT(wait_until([] { return affinity_info(1) == psci::kAffinityOff; }));
    }
}
