// machine: x-test-device=on
// only: trapeze
#include "scratch.h"

using namespace guest;

// An access that lies on two pages goes to what is there: a part to RAM and a part to the device. If one of
// the two is a fault of stage 1, nothing at all is accessed, and FAR_EL1 and ESR_EL1 are those of that page.

namespace {

using scratch::kPage;

constexpr u64 kPattern = 0x8877665544332211;

void fill(u64 flat, u64 pattern) {
    for (u64 at = 0; at < kPage; at += 8) write64(flat + at, pattern + at);
}

void expect_access(u64 n, u64 offset, u64 size, bool is_write, u64 value) {
    const scratch::Access access = scratch::access(n);
    EXPECT_EQ_AT(n, access.offset, offset);
    EXPECT_EQ_AT(n, access.size, size);
    EXPECT_EQ_AT(n, access.is_write, is_write);
    EXPECT_EQ_AT(n, access.value, value);
}

void pairs() {
    u64 low = 0;
    u64 high = 0;
    scratch::clear_log();
    asm volatile("ldp %0, %1, [%2]" : "=&r"(low), "=&r"(high) : "r"(scratch::kDevicePage - 8) : "memory");
    EXPECT_EQ(low, kPattern + kPage - 8);
    EXPECT_EQ(high, 0);
    EXPECT_EQ(scratch::accesses(), 1);
    expect_access(0, 0, 8, false, 0);

    scratch::clear_log();
    asm volatile("stp %0, %1, [%2]" ::"r"(u64{0x1111}), "r"(u64{0x2222}), "r"(scratch::kRamAfter - 8)
                 : "memory");
    EXPECT_EQ(scratch::accesses(), 1);
    expect_access(0, kPage - 8, 8, true, 0x1111);
    EXPECT_EQ(read64(scratch::kRamAfterFlat), 0x2222);
}

// Of memory that is not Device, also unaligned: the device sees aligned pieces.
void unaligned() {
    const u64 at = scratch::kNormalPage + kPage - 3;
    scratch::clear_log();
    u64 base = at;
    asm volatile("str %1, [%0], #8" : "+r"(base) : "r"(kPattern) : "memory");
    EXPECT_EQ(scratch::accesses(), 2);
    expect_access(0, kPage - 3, 1, true, 0x11);
    expect_access(1, kPage - 2, 2, true, 0x3322);
    EXPECT_EQ(read64(scratch::kRamLastFlat) & 0xffffffffff, kPattern >> 24);
    u64 value = 0;
    base = at;
    asm volatile("ldr %0, [%1], #8" : "=r"(value), "+r"(base)::"memory");
    EXPECT_EQ(value, kPattern);
    EXPECT_EQ(base, at + 8);
}

void expect_fault(const Caught& caught, u64 address, u64 status, bool is_write) {
    EXPECT(caught.taken);
    EXPECT_EQ(caught.ec(), 0x25);  // Data Abort without a change in Exception level
    EXPECT_EQ(caught.il(), 1);
    EXPECT_EQ(field(caught.esr, 5, 0), status);
    EXPECT_EQ(field(caught.esr, 6, 6), is_write);
    EXPECT_EQ(caught.far, address);
    EXPECT_EQ(scratch::accesses(), 0);
}

void faults() {
    constexpr u64 kTranslation3 = 0b000111;
    constexpr u64 kPermission3 = 0b001111;
    constexpr u64 kAlignment = 0b100001;
    u64 base = scratch::kInvalid - 8;
    u64 low = 1;
    u64 high = 2;
    scratch::clear_log();
    expect_fault(catch_exception([&] {
                     asm volatile("ldp %0, %1, [%2], #16" : "+r"(low), "+r"(high), "+r"(base)::"memory");
                 }),
                 scratch::kInvalid, kTranslation3, false);
    EXPECT_EQ(base, scratch::kInvalid - 8);
    EXPECT_EQ(low, 1);
    base = scratch::kInvalid + 8;
    expect_fault(catch_exception([&] {
                     asm volatile("stp %1, %2, [%0, #-16]!" : "+r"(base) : "r"(low), "r"(high) : "memory");
                 }),
                 scratch::kInvalid, kTranslation3, true);
    EXPECT_EQ(base, scratch::kInvalid + 8);
    // The page before is the device's without the right for EL0, and the second half cannot be written.
    expect_fault(
        catch_exception([&] {
            asm volatile("stp %1, %2, [%0]" ::"r"(scratch::kReadOnly - 8), "r"(low), "r"(high) : "memory");
        }),
        scratch::kReadOnly, kPermission3, true);
    // 16 bytes to Device memory have to be aligned as a whole.
    expect_fault(
        catch_exception([&] {
            asm volatile(".arch_extension simd\n str q0, [%0]" ::"r"(scratch::kDevicePage + 8) : "memory");
        }),
        scratch::kDevicePage + 8, kAlignment, true);
}

}  // namespace

TEST(mmio_across_pages) {
    scratch::map_window();
    fill(scratch::kRamBeforeFlat, kPattern);
    fill(scratch::kRamAfterFlat, 0);
    fill(scratch::kRamLastFlat, 0);
    pairs();
    unaligned();
    faults();
}
