// only: trapeze
#include "cpu.h"

using namespace guest;

// Loads and stores with writeback, of pairs and of SIMD registers report no ISV when they abort outside RAM, and
// are not decoded: they take a synchronous external abort at the instruction, with no effect, and the guest goes
// on. (QEMU's emulation needs no syndrome and completes them.)
TEST(mmio_without_syndrome_aborts) {
    constexpr u64 kPcellId = kUart + 0xff0;
    u64 base = kPcellId;
    u64 value = 0x55;
    const auto expect_external_abort = [](const Caught& caught) {
        EXPECT_EQ(field(caught.esr, 31, 26), 0x25);  // Data Abort without a change in Exception level
        EXPECT_EQ(field(caught.esr, 5, 0), 0x10);    // synchronous external abort
    };
    expect_external_abort(
        catch_exception([&] { asm volatile("ldr %w0, [%1], #4" : "+r"(value), "+r"(base)::"memory"); }));
    EXPECT_EQ(base, kPcellId);
    EXPECT_EQ(value, 0x55);
    expect_external_abort(
        catch_exception([&] { asm volatile("str %w1, [%0, #4]!" : "+r"(base) : "r"(0x123) : "memory"); }));
    EXPECT_EQ(base, kPcellId);
    expect_external_abort(catch_exception(
        [&] { asm volatile("stp %w1, %w1, [%0]" : "+r"(base) : "r"(0x123) : "memory"); }));
    // The described form next to it works.
    EXPECT_EQ(read32(kPcellId), 0x0d);
}
