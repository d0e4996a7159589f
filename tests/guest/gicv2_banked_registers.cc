// smp: 3
// irqchip: gicv2
#include "gicv2.h"

using namespace guest;

namespace {

u32 turn = 0;

void look_at_distributor(u64 self) {
    // GICD_ITARGETSR0 to 7 say who reads; nobody can change them.
    for (u64 offset = 0; offset < 32; offset += 4) {
        write32(gic::kDist + gicv2::kItargetsr + offset, 0xffffffff);
        EXPECT_EQ_AT(self << 8 | offset, read32(gic::kDist + gicv2::kItargetsr + offset),
                     0x01010101u << self);
    }
    EXPECT_EQ_AT(self, read8(gic::kDist + gicv2::kItargetsr + 30), 1u << self);
    constexpr u64 kBanks[] = {gic::kIgroupr, gic::kIsenabler, gic::kIsactiver};
    for (const u64 bank : kBanks) {
        EXPECT_EQ_AT(self << 16 | bank, read32(gic::kDist + bank) >> 16 & 0xf, 0);
        write32(gic::kDist + bank, 1u << (16 + self));
        EXPECT_EQ_AT(self << 16 | bank, read32(gic::kDist + bank) >> 16 & 0xf, 1u << self);
    }
    EXPECT_EQ_AT(self, gic::priority(18), 0);
    gic::set_priority(18, 0x80);
}

void look_at_cpu_interface(u64 self) {
    EXPECT_EQ_AT(self, gicv2::read_cpu(gicv2::kPmr), 0);
    EXPECT_EQ_AT(self, gicv2::read_cpu(gicv2::kCpuCtlr), 0);
    EXPECT_EQ_AT(self, gicv2::read_cpu(gicv2::kIar), gic::kSpurious);
    gicv2::write_cpu(gicv2::kPmr, 0xf0);
    gicv2::write_cpu(gicv2::kCpuCtlr, gicv2::kEnableGrp1);
    EXPECT_EQ_AT(self, gicv2::read_cpu(gicv2::kPmr), 0xf0);
}

void look(u64 self) {
    EXPECT(wait_until([=] { return load(turn) == self; }));
    look_at_distributor(self);
    look_at_cpu_interface(self);
    store(turn, static_cast<u32>(self) + 1);
}

}  // namespace

// IHI0048 "Register banking": what is private has one copy for each CPU. Each in its turn finds its own as it
// is after reset.
TEST(gicv2_banked_registers) {
    for (unsigned cpu = 1; cpu < 3; ++cpu) start_cpu(cpu, look, cpu);
    look(0);
    EXPECT(wait_until([] { return load(turn) == 3; }));
    EXPECT_EQ(read32(gic::kDist + gic::kIsenabler) >> 16 & 0xf, 1);
}
