// irqchip: gicv3 gicv2
#include "gicv3.h"

using namespace guest;

namespace {

#define LOAD(instruction, modifier, address)                                                             \
    ({                                                                                                   \
        u64 value_ = 0x5555555555555555;                                                                 \
        asm volatile(instruction " %" modifier "0, [%1]" : "=r"(value_) : "r"(u64{address}) : "memory"); \
        value_;                                                                                          \
    })

}  // namespace

// Loads of every size, with the upper bits of the register zero, and stores.
TEST(mmio_sizes) {
    gic::init();
    constexpr u64 kPcellId1 = kUart + 0xff4;  // 0xf0
    EXPECT_EQ(LOAD("ldr", "w", kPcellId1), 0xf0);
    EXPECT_EQ(LOAD("ldrh", "w", kPcellId1), 0xf0);
    EXPECT_EQ(LOAD("ldrb", "w", kPcellId1), 0xf0);
    EXPECT_EQ(LOAD("ldrsh", "x", kPcellId1), 0xf0);
    EXPECT_EQ(LOAD("ldrsw", "x", kPcellId1), 0xf0);

    constexpr u64 kPriorities = gic::kDist + gic::kIpriorityr + gic::kFreeSpi;
    write32(kPriorities, 0xf0a08010);
    EXPECT_EQ(LOAD("ldr", "w", kPriorities), 0xf0a08010);
    EXPECT_EQ(LOAD("ldrb", "w", kPriorities + 1), 0x80);
    EXPECT_EQ(LOAD("ldar", "w", kPriorities), 0xf0a08010);
    write8(kPriorities + 2, 0x48);
    EXPECT_EQ(LOAD("ldr", "w", kPriorities), 0xf0488010);

    // A register of 64 bits.
    if (gic::kind() == gic::Kind::Gicv3) {
        constexpr u64 kRoute = gic::kDist + gicv3::kIrouter + gic::kFreeSpi * 8;
        write64(kRoute, 0x80000003);
        const u64 any_route = LOAD("ldr", "x", kRoute);
        EXPECT(any_route == 3 || any_route == 0x80000003);
        write64(kRoute, 0x03);
        EXPECT_EQ(LOAD("ldr", "x", kRoute), 3);
        EXPECT_EQ(LOAD("ldr", "w", kRoute), 3);
        EXPECT_EQ(LOAD("ldr", "w", kRoute + 4), 0);
        asm volatile("ldr xzr, [%0]" ::"r"(kRoute) : "memory");
    }

    // Register 31 is zero: nothing is loaded into it, and zero is stored from it.
    u64 sp_before;
    u64 sp_after;
    asm volatile("mov %0, sp\n ldr wzr, [%2]\n mov %1, sp"
                 : "=&r"(sp_before), "=&r"(sp_after)
                 : "r"(kPriorities)
                 : "memory");
    EXPECT_EQ(sp_after, sp_before);
    asm volatile("str wzr, [%0]" ::"r"(kPriorities) : "memory");
    EXPECT_EQ(LOAD("ldr", "w", kPriorities), 0);
    // Any register can be the target; these are the ones that a saved frame may miss.
    u64 x29;
    u64 x30;
    asm volatile(
        "stp x29, x30, [sp, #-16]!\n ldr w30, [%2]\n ldr w29, [%2]\n mov %0, x29\n mov %1, x30\n"
        "ldp x29, x30, [sp], #16"
        : "=&r"(x29), "=&r"(x30)
        : "r"(kPcellId1)
        : "memory");
    EXPECT_EQ(x29, 0xf0);
    EXPECT_EQ(x30, 0xf0);
}
