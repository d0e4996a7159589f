// only: qemu
// irqchip: gicv3 gicv2
#include "gic.h"

using namespace guest;

namespace {

#define LOAD(instruction, modifier, address)                                                             \
    ({                                                                                                   \
        u64 value_ = 0x5555555555555555;                                                                 \
        asm volatile(instruction " %" modifier "0, [%1]" : "=r"(value_) : "r"(u64{address}) : "memory"); \
        value_;                                                                                          \
    })

}  // namespace

// Signed loads extend the sign of what the device supplies. KVM completes MMIO loads by itself, and up to
// Linux 6.12 at least it extends the sign and then masks the value to the size of the access
// (vcpu_data_host_to_guest), so there the upper bits are zero whatever the monitor does.
TEST(mmio_sign_extension) {
    constexpr u64 kPcellId1 = kUart + 0xff4;  // 0xf0
    EXPECT_EQ(LOAD("ldrsb", "w", kPcellId1), 0xfffffff0);
    EXPECT_EQ(LOAD("ldrsb", "x", kPcellId1), 0xfffffffffffffff0);
    write32(kUart + 0x24, 0xf123);  // UARTIBRD, 16 bits
    EXPECT_EQ(LOAD("ldrsh", "w", kUart + 0x24), 0xfffff123);
    EXPECT_EQ(LOAD("ldrsh", "x", kUart + 0x24), 0xfffffffffffff123);
    gic::init();
    constexpr u64 kPriorities = gic::kDist + gic::kIpriorityr + gic::kFreeSpi;
    write32(kPriorities, 0xf0a08010);
    EXPECT_EQ(LOAD("ldrsw", "x", kPriorities), 0xfffffffff0a08010);
    EXPECT_EQ(LOAD("ldrsb", "w", kPriorities + 1), 0xffffff80);
    EXPECT_EQ(LOAD("ldrsb", "x", kPriorities + 3), 0xfffffffffffffff0);
}
