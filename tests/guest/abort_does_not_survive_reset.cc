// only: trapeze
// smp: 2
// reboot: yes
// timeout: 100
#include "cpu.h"
#include "smccc.h"

using namespace guest;

namespace {

u32 count = 0;

void victim(u64) {
    for (;;) {
        catch_exception([] {
            u64 address = kUnassigned, value;
            asm volatile("ldr %0, [%1], #8" : "=r"(value), "+r"(address)::"memory");
        });
        add(count, 1u);
    }
}

}  // namespace

// A machine reset forgets an external abort that a CPU was about to take. Twenty resets, each while another
// CPU does little but take them.
TEST(abort_does_not_survive_reset) {
    auto* boots = reinterpret_cast<volatile u64*>(kScratch);
    auto* magic = reinterpret_cast<volatile u64*>(kScratch + 64);
    if (*magic != 0x1234567) {
        *magic = 0x1234567;
        *boots = 0;
    }
    if (*boots == 20) {
        *magic = 0;
        return;
    }
    start_cpu(1, victim);
    EXPECT(wait_until([] { return load(count) > 20; }, 5000));
    *boots = *boots + 1;
    asm volatile("dc civac, %0\n dc civac, %1\n dsb sy" ::"r"(boots), "r"(magic) : "memory");
    smccc::hvc(psci::kSystemReset);
}
