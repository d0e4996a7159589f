// smp: 2
// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

constexpr u32 kIntid = 120;
u32 ready = 0;

void receiver(u64) {
    this_cpu().on_irq = rvic::count_irq;
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(1, kIntid), rvic::kSuccess);
    store(ready, 1u);
    while (rvic::irq_count(1, kIntid) < 20) {
        asm volatile("wfi" ::: "memory");
        enable_interrupts();
        isb();
        mask_interrupts();
    }
}

}  // namespace

// The number of an rVID input, stored at the address of messages, is an edge on that input, if it is one for
// messages.
TEST(rvic_msi_by_store) {
    EXPECT_EQ(rvic::enable(), rvic::kSuccess);
    EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
    for (u32 input = 0; input < rvic::kUntrusted; ++input) {
        EXPECT_EQ(rvic::map(input, 0, kIntid), rvic::kSuccess);
        write32(rvic::kDoorbell, input);
        EXPECT_EQ_AT(input, irq_signalled(), input >= rvic::kFirstMsiInput);
        EXPECT_EQ_AT(input, rvic::acknowledge(), input >= rvic::kFirstMsiInput ? kIntid : rvic::kNone);
        // An edge: it does not come again at unmask.
        EXPECT_EQ(rvic::unmask(0, kIntid), rvic::kSuccess);
        EXPECT(!irq_signalled());
    }
    constexpr u32 kNoInputs[] = {rvic::kUntrusted, rvic::kTotal, 0x80000040, ~0u};
    for (const u32 data : kNoInputs) {
        write32(rvic::kDoorbell, data);
        EXPECT_EQ_AT(data, irq_signalled(), false);
    }
    write8(rvic::kDoorbell, rvic::kFirstMsiInput);
    EXPECT(!irq_signalled());
    EXPECT_EQ(read32(rvic::kDoorbell), 0);

    start_cpu(1, receiver);
    EXPECT(wait_until([] { return load(ready) == 1; }));
    EXPECT_EQ(rvic::map(rvic::kFirstMsiInput, 1, kIntid), rvic::kSuccess);
    for (u32 i = 1; i <= 20; ++i) {
        write32(rvic::kDoorbell, rvic::kFirstMsiInput);
        EXPECT(wait_until([=] { return rvic::irq_count(1, kIntid) == i; }));
    }
    EXPECT(!irq_signalled());
    wait_cpu_off(1);
}
