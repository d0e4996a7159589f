#include "guest.h"

using namespace guest;

// Loads and stores with writeback, of pairs and of SIMD registers, report no ISV when they abort, and have to
// be decoded.
TEST(mmio_without_syndrome) {
    constexpr u64 kPcellId = kUart + 0xff0;
    u64 base = kPcellId;
    u64 value;
    asm volatile("ldr %w0, [%1], #4" : "=&r"(value), "+r"(base)::"memory");
    EXPECT_EQ(value, 0x0d);
    EXPECT_EQ(base, kPcellId + 4);
    asm volatile("ldr %w0, [%1, #4]!" : "=&r"(value), "+r"(base)::"memory");
    EXPECT_EQ(value, 0x05);
    EXPECT_EQ(base, kPcellId + 8);
    asm volatile("ldrsb %0, [%1, #-4]!" : "=&r"(value), "+r"(base)::"memory");
    EXPECT_EQ(value, 0xfffffffffffffff0);
    EXPECT_EQ(base, kPcellId + 4);
    u64 second;
    asm volatile("ldp %w0, %w1, [%2]" : "=&r"(value), "=&r"(second) : "r"(kPcellId) : "memory");
    EXPECT_EQ(value, 0x0d);
    EXPECT_EQ(second, 0xf0);
    // UARTIBRD and UARTFBRD.
    base = kUart + 0x24;
    asm volatile("str %w1, [%0], #4" : "+r"(base) : "r"(0x123) : "memory");
    EXPECT_EQ(base, kUart + 0x28);
    EXPECT_EQ(read32(kUart + 0x24), 0x123);
    asm volatile("stp %w1, %w2, [%0]" ::"r"(kUart + 0x24), "r"(0x456), "r"(0x2a) : "memory");
    EXPECT_EQ(read32(kUart + 0x24), 0x456);
    EXPECT_EQ(read32(kUart + 0x28), 0x2a);
}
