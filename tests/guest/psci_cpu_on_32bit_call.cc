// only: trapeze
// smp: 2
#include "cpu.h"
#include "smccc.h"

using namespace guest;

namespace {

u32 seen = 0;

void mark(u64) {
    store(seen, 1u);
}

}  // namespace

// SMC32 calls take 32-bit arguments: the upper halves of X1-X3 are ignored (DEN0028 "Register use in AArch64
// SMC and HVC calls"). QEMU uses them.
TEST(psci_cpu_on_32bit_call) {
    constexpr u64 kJunk = 0xa5a5a5a5'00000000;
    Cpu& cpu = cpus[1];
    cpu.function = mark;
    store(cpu.running, 1u);
    dsb();
    const u64 entry = psci::entry_point();
    EXPECT_EQ(smccc::result32(smccc::hvc(psci::kAffinityInfo32, kJunk | 1, kJunk).x[0]), psci::kAffinityOff);
    EXPECT_EQ(smccc::result32(smccc::hvc(psci::kCpuOn32, kJunk | 1, kJunk | entry, kJunk | 0x87654321).x[0]),
              psci::kSuccess);
    EXPECT(wait_until([&] { return load(cpu.running) == 0; }));
    EXPECT_EQ(load(seen), 1);
    EXPECT_EQ(cpu.entry.x0, 0x87654321);
}
