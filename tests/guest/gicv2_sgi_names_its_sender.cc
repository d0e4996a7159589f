// smp: 3
// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

u32 order = 0;  // who is to send, and in which round; 0 when it is done

constexpr u32 order_for(u32 cpu, u32 round) {
    return round * 4 + cpu;
}

void sender(u64 self) {
    for (u32 round = 0; round < 2; ++round) {
        EXPECT(wait_until([=] { return load(order) == order_for(static_cast<u32>(self), round); }));
        gic::send(7, 1);
        store(order, 0u);
    }
}

void let_send(u32 cpu, u32 round) {
    store(order, order_for(cpu, round));
    EXPECT(wait_until([] { return load(order) == 0; }));
}

u32 senders_of_sgi7() {
    return read8(gic::kDist + gicv2::kSpendsgir + 7);
}

}  // namespace

// IHI0048 "GICC_IAR", "GICD_SPENDSGIRn": an SGI is pending for each CPU that sent it, and acknowledged for
// one of them at a time, by name.
TEST(gicv2_sgi_names_its_sender) {
    gic::init();
    for (unsigned cpu = 1; cpu < 3; ++cpu) start_cpu(cpu, sender, cpu);
    let_send(2, 0);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(senders_of_sgi7(), 1 << 2);
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), gicv2::sgi_from(2, 7));
    EXPECT_EQ(senders_of_sgi7(), 0);
    EXPECT(gic::is_active(7));
    EXPECT_EQ(gicv2::read_cpu(gicv2::kIar), gic::kSpurious);
    gicv2::write_cpu(gicv2::kEoir, gicv2::sgi_from(2, 7));
    EXPECT(!gic::is_active(7));
    // From both, and from oneself: three interrupts, in any order.
    let_send(1, 0);
    let_send(2, 1);
    gic::send(7, 1);
    EXPECT(wait_until([] { return senders_of_sgi7() == 7; }));
    u32 seen = 0;
    for (int i = 0; i < 3; ++i) {
        EXPECT(wait_until([] { return irq_signalled(); }));
        const u32 value = gicv2::read_cpu(gicv2::kIar);
        EXPECT_EQ(value & 0x3ff, 7);
        seen |= 1u << (value >> 10);
        EXPECT_EQ(senders_of_sgi7(), 7 & ~seen);
        EXPECT_EQ(gic::is_pending(7), seen != 7);
        gicv2::write_cpu(gicv2::kEoir, value);
        EXPECT(!gic::is_active(7));
    }
    EXPECT_EQ(seen, 7);
    EXPECT(!irq_signalled());
}
