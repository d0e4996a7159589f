// smp: 2
// only: trapeze
#include "cpu.h"
#include "smccc.h"

using namespace guest;

namespace {

u32 starts = 0;

void count_and_wait(u64) {
    add(starts, 1u);
    while (load(this_cpu().argument) != 0) asm volatile("yield");
}

}  // namespace

// DEN0022 CPU_ON: while a CPU is on its way, another CPU_ON is answered with ON_PENDING or ALREADY_ON and
// does not start it again. QEMU 7.2 answers SUCCESS and does.
TEST(psci_cpu_on_twice) {
    constexpr u64 kContext = 0x1111;
    Cpu& cpu = cpus[1];
    for (u32 round = 1; round <= 50; ++round) {
        cpu.function = count_and_wait;
        cpu.argument = 1;
        store(cpu.running, 1u);
        dsb();
        EXPECT_EQ(smccc::hvc(psci::kCpuOn64, 1, psci::entry_point(), kContext).x[0], psci::kSuccess);
        const s32 again = smccc::result32(smccc::hvc(psci::kCpuOn64, 1, psci::entry_point(), 0).x[0]);
        EXPECT(again == psci::kAlreadyOn || again == psci::kOnPending);
        const s32 state = smccc::result32(smccc::hvc(psci::kAffinityInfo64, 1, 0).x[0]);
        EXPECT(state == psci::kAffinityOn || state == psci::kAffinityOnPending);
        EXPECT(wait_until([=] { return load(starts) == round; }));
        EXPECT_EQ(cpu.entry.x0, kContext);
        store(cpu.argument, u64{0});
        wait_cpu_off(1);
    }
    EXPECT_EQ(load(starts), 50);
}
