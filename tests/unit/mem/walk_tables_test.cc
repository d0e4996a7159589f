// Every granule, start level and size of descriptor, on tables built by hand (DDI0487 "Translation granules",
// "Translation table lookup levels").
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

using testing::ElementsAre;

class WalkTables : public WalkTest {
protected:
    // The leaf of the last walk.
    void expect_leaf(u64 va, u64 expected_pa, int level, u64 size) {
        const WalkResult result = walk(va);
        ASSERT_TRUE(result.has_value()) << testing::PrintToString(result.error());
        EXPECT_EQ(result->pa.value, expected_pa);
        EXPECT_EQ(result->level, level);
        EXPECT_EQ(result->size, size);
        EXPECT_FALSE(result->flat);
        EXPECT_EQ(result->descriptor_address.value, reads.back());
        EXPECT_EQ(result->descriptor, memory[reads.back()]);
    }
};

// 4KB: 9 bits per level: [51:48] -1, [47:39] 0, [38:30] 1, [29:21] 2, [20:12] 3.

TEST_F(WalkTables, FourKbFourLevels) {
    map_page(kPa | kPage | kAf);
    expect_leaf(kVa | 0xabc, kPa | 0xabc, 3, 0x1000);
    EXPECT_THAT(reads, ElementsAre(0x1008, 0x2010, 0x3018, 0x4020));
}

TEST_F(WalkTables, FourKbBlocks) {
    map_page(0);
    put(0x3000 + 3 * 8, 0x4020'0000 | kBlock | kAf);
    expect_leaf(kVa | 0x1f'0abc, 0x4020'0000 | (4 << 12) | 0x1f'0abc, 2, 2 << 20);
    EXPECT_THAT(reads, ElementsAre(0x1008, 0x2010, 0x3018));
    put(0x2000 + 2 * 8, 0xc0'4000'0000 | kBlock | kAf);
    expect_leaf(kVa | 0xabc, 0xc0'4000'0000 | (3 << 21) | (4 << 12) | 0xabc, 1, 1 << 30);
    // No blocks of 512GB without 52-bit descriptors.
    put(0x1000 + 1 * 8, 0x80'0000'0000 | kBlock | kAf);
    EXPECT_EQ(fault(kVa), translation(0));
}

TEST_F(WalkTables, FourKbStartsLowerForSmallerRegions) {
    put(0x2000 + 2 * 8, 0x3000 | kTable);
    put(0x3000 + 3 * 8, 0x4000 | kTable);
    put(0x4000 + 4 * 8, kPa | kPage | kAf);
    const u64 va1 = (2ull << 30) | (3ull << 21) | (4ull << 12);
    for (const u64 tsz : {25u, 30u, 32u}) {  // 39 to 32 bits: level 1
        regs.TCR_EL1 = t0sz(tsz) | kIps48;
        regs.TTBR0_EL1 = 0x2000;
        expect_leaf(va1 | 1, kPa | 1, 3, 0x1000);
        EXPECT_THAT(reads, ElementsAre(0x2010, 0x3018, 0x4020)) << tsz;
    }
    const u64 va2 = (3ull << 21) | (4ull << 12);
    for (const u64 tsz : {34u, 39u, 41u}) {  // 30 to 23 bits: level 2
        regs.TCR_EL1 = t0sz(tsz) | kIps48;
        regs.TTBR0_EL1 = 0x3000;
        expect_leaf(va2 | 2, kPa | 2, 3, 0x1000);
        EXPECT_THAT(reads, ElementsAre(0x3018, 0x4020)) << tsz;
    }
    for (const u64 tsz : {43u, 45u, 48u}) {  // 21 to 16 bits: level 3 alone
        regs.TCR_EL1 = t0sz(tsz) | kIps48;
        regs.TTBR0_EL1 = 0x4000;
        expect_leaf(0x4003, kPa | 3, 3, 0x1000);
        EXPECT_THAT(reads, ElementsAre(0x4020)) << tsz;
    }
}

TEST_F(WalkTables, FourKb52BitStartsAtMinusOne) {
    regs.TCR_EL1 = t0sz(12) | kDs | kIps52;
    regs.TTBR0_EL1 = 0x5000;
    put(0x5000 + 9 * 8, 0x1000 | kTable);
    map_page(kPa | kPage | kAf);
    regs.TTBR0_EL1 = 0x5000;
    expect_leaf((9ull << 48) | kVa | 7, kPa | 7, 3, 0x1000);
    EXPECT_THAT(reads, ElementsAre(0x5048, 0x1008, 0x2010, 0x3018, 0x4020));
    // No table entry at level -1 is a block.
    put(0x5000 + 9 * 8, 0x1000 | kBlock | kAf);
    EXPECT_EQ(fault((9ull << 48) | kVa), translation(-1));
    put(0x5000 + 9 * 8, 0);
    EXPECT_EQ(fault((9ull << 48) | kVa), translation(-1));
    memory.erase(0x5000 + 9 * 8);
    EXPECT_EQ(fault((9ull << 48) | kVa), external_abort(-1));
}

TEST_F(WalkTables, Lpa2AddressesOf52Bits) {
    // OA[49:48] in place, OA[51:50] in descriptor bits [9:8]; TTBR bits [5:2] are address bits [51:48].
    regs.TCR_EL1 = t0sz(16) | kDs | kIps52;
    regs.TTBR0_EL1 = 0x1000 | (0b1001 << 2);
    const u64 high = 0x9'0000'0000'0000;  // bits 51 and 48
    const u64 high_desc = bit(48) | (0b10 << 8);
    put(high | (0x1000 + 1 * 8), 0x2000 | high_desc | kTable);
    put(high | (0x2000 + 2 * 8), 0x3000 | high_desc | kTable);
    put(high | (0x3000 + 3 * 8), 0x4000 | high_desc | kTable);
    put(high | (0x4000 + 4 * 8), kPa | high_desc | kPage | kAf);
    expect_leaf(kVa | 0x123, high | kPa | 0x123, 3, 0x1000);
    // A 512GB block at level 0.
    put(high | (0x1000 + 1 * 8), (5ull << 39) | high_desc | kBlock | kAf);
    expect_leaf(kVa | 0x123, high | (5ull << 39) | (kVa & low_mask(39)) | 0x123, 0, 1ull << 39);
}

// 16KB: 11 bits per level: [47] 0 (with 52-bit: [51:47]), [46:36] 1, [35:25] 2, [24:14] 3.

TEST_F(WalkTables, SixteenKb) {
    regs.TCR_EL1 = t0sz(16) | kTg0_16K | kIps48;
    regs.TTBR0_EL1 = 0x1'0000;
    const u64 va = (1ull << 47) | (0x402ull << 36) | (3ull << 25) | (0x604ull << 14) | 0x2abc;
    put(0x1'0000 + 1 * 8, 0x2'0000 | kTable);
    put(0x2'0000 + 0x402 * 8, 0x3'0000 | kTable);
    put(0x3'0000 + 3 * 8, 0x4'0000 | kTable);
    put(0x4'0000 + 0x604 * 8, 0x8765'4000 | kPage | kAf);
    expect_leaf(va, 0x8765'4000 | 0x2abc, 3, 0x4000);
    EXPECT_EQ(reads.size(), 4u);
    put(0x3'0000 + 3 * 8, 0x4200'0000 | kBlock | kAf);
    expect_leaf(va, 0x4200'0000 | (va & low_mask(25)), 2, 32 << 20);
    put(0x2'0000 + 0x402 * 8, 0x10'0000'0000 | kBlock | kAf);
    EXPECT_EQ(fault(va), translation(1));
    put(0x1'0000 + 1 * 8, kBlock | kAf);
    EXPECT_EQ(fault(va), translation(0));
}

TEST_F(WalkTables, SixteenKb52Bit) {
    regs.TCR_EL1 = t0sz(12) | kTg0_16K | kDs | kIps52;
    regs.TTBR0_EL1 = 0x1'0000;
    const u64 va = (0x15ull << 47) | (2ull << 36) | 0x1234;
    put(0x1'0000 + 0x15 * 8, 0x2'0000 | kTable);
    // A 64GB block at level 1 with OA[51:50] = 0b01, OA[49:48] = 0b10.
    put(0x2'0000 + 2 * 8, (0b10ull << 48) | (0b01 << 8) | (7ull << 36) | kBlock | kAf);
    expect_leaf(va, (0b0110ull << 48) | (7ull << 36) | 0x1234, 1, 64ull << 30);
    EXPECT_EQ(reads.size(), 2u);
}

TEST_F(WalkTables, SixteenKbStartLevels) {
    put(0x2'0000 + 2 * 8, 0x3'0000 | kTable);
    put(0x3'0000 + 3 * 8, 0x4'0000 | kTable);
    put(0x4'0000 + 1 * 8, 0x8765'4000 | kPage | kAf);
    regs.TCR_EL1 = t0sz(17) | kTg0_16K | kIps48;  // 47 bits: level 1
    regs.TTBR0_EL1 = 0x2'0000;
    expect_leaf((2ull << 36) | (3ull << 25) | (1 << 14), 0x8765'4000, 3, 0x4000);
    EXPECT_EQ(reads.size(), 3u);
    regs.TCR_EL1 = t0sz(28) | kTg0_16K | kIps48;  // 36 bits: level 2
    regs.TTBR0_EL1 = 0x3'0000;
    expect_leaf((3ull << 25) | (1 << 14), 0x8765'4000, 3, 0x4000);
    EXPECT_EQ(reads.size(), 2u);
    regs.TCR_EL1 = t0sz(48) | kTg0_16K | kIps48;  // 16 bits: level 3, 4 entries
    regs.TTBR0_EL1 = 0x4'0000;
    expect_leaf(1 << 14, 0x8765'4000, 3, 0x4000);
    EXPECT_EQ(reads.size(), 1u);
}

// 64KB: 13 bits per level: [47:42] 1 (with 52-bit: [51:42]), [41:29] 2, [28:16] 3.

TEST_F(WalkTables, SixtyFourKb) {
    regs.TCR_EL1 = t0sz(16) | kTg0_64K | kIps48;
    regs.TTBR0_EL1 = 0x10'0000;
    const u64 va = (0x21ull << 42) | (0x1002ull << 29) | (0x1003ull << 16) | 0xfabc;
    put(0x10'0000 + 0x21 * 8, 0x20'0000 | kTable);
    put(0x20'0000 + 0x1002 * 8, 0x30'0000 | kTable);
    put(0x30'0000 + 0x1003 * 8, 0x8765'0000 | kPage | kAf);
    expect_leaf(va, 0x8765'fabc, 3, 0x1'0000);
    EXPECT_EQ(reads.size(), 3u);
    put(0x20'0000 + 0x1002 * 8, 0x6000'0000 | kBlock | kAf);
    expect_leaf(va, 0x6000'0000 | (va & low_mask(29)), 2, 512 << 20);
    // A block of 4TB needs 52-bit physical addresses.
    put(0x10'0000 + 0x21 * 8, (3ull << 42) | kBlock | kAf);
    expect_leaf(va, (3ull << 42) | (va & low_mask(42)), 1, 4ull << 40);
    features.pa_bits = 48;
    EXPECT_EQ(fault(va), translation(1));
}

TEST_F(WalkTables, SixtyFourKb52Bit) {
    // OA[51:48] in descriptor bits [15:12], TTBR's in [5:2].
    regs.TCR_EL1 = t0sz(12) | kTg0_64K | kIps52;
    regs.TTBR0_EL1 = 0x10'0000 | (0xa << 2);
    const u64 va = (0x321ull << 42) | (2ull << 29) | (3ull << 16) | 0xfabc;
    const u64 high = 0xaull << 48;
    put(high | (0x10'0000 + 0x321 * 8), 0x20'0000 | (0xa << 12) | kTable);
    put(high | (0x20'0000 + 2 * 8), 0x30'0000 | (0xa << 12) | kTable);
    put(high | (0x30'0000 + 3 * 8), 0x8765'0000 | (0x5 << 12) | kPage | kAf);
    expect_leaf(va, (0x5ull << 48) | 0x8765'fabc, 3, 0x1'0000);
}

TEST_F(WalkTables, SixtyFourKbStartLevels) {
    put(0x20'0000 + 2 * 8, 0x30'0000 | kTable);
    put(0x30'0000 + 1 * 8, 0x8765'0000 | kPage | kAf);
    regs.TCR_EL1 = t0sz(22) | kTg0_64K | kIps48;  // 42 bits: level 2
    regs.TTBR0_EL1 = 0x20'0000;
    expect_leaf((2ull << 29) | (1 << 16), 0x8765'0000, 3, 0x1'0000);
    EXPECT_EQ(reads.size(), 2u);
    regs.TCR_EL1 = t0sz(47) | kTg0_64K | kIps48;  // 17 bits: level 3, 2 entries
    regs.TTBR0_EL1 = 0x30'0000;
    expect_leaf(1 << 16, 0x8765'0000, 3, 0x1'0000);
    EXPECT_EQ(reads.size(), 1u);
}

TEST_F(WalkTables, TheUpperHalfHasItsOwnControls) {
    regs.TCR_EL1 = t0sz(16) | kTg0_64K | t1sz(25) | kTg1_4K | kIps48;
    regs.TTBR1_EL1 = 0x2000;
    put(0x2000 + 511 * 8, 0x3000 | kTable);
    put(0x3000 + 511 * 8, 0x4000 | kTable);
    put(0x4000 + 511 * 8, kPa | kPage | kAf);
    expect_leaf(~u64{0}, kPa | 0xfff, 3, 0x1000);
    regs.TCR_EL1 = t0sz(25) | kTg0_4K | t1sz(16) | kTg1_16K | kIps48;
    regs.TTBR1_EL1 = 0x1'0000;
    put(0x1'0000 + 1 * 8, 0x2'0000 | kTable);
    put(0x2'0000 + 0x7ff * 8, 0x3'0000 | kTable);
    put(0x3'0000 + 0x7ff * 8, 0x4'0000 | kTable);
    put(0x4'0000 + 0x7ff * 8, 0x8765'4000 | kPage | kAf);
    expect_leaf(~u64{0}, 0x8765'7fff, 3, 0x4000);
    regs.TCR_EL1 = t1sz(22) | kTg1_64K | kIps48;
    regs.TTBR1_EL1 = 0x20'0000;
    put(0x20'0000 + 0x1fff * 8, 0x6000'0000 | kBlock | kAf);
    expect_leaf(~u64{0}, 0x7fff'ffff, 2, 512 << 20);
}

TEST_F(WalkTables, TheFirstTableIsAlignedToItsSize) {
    // 42 bits with 4KB pages: level 0 with 8 entries, 64 bytes. CnP, ASID and bits below are not address.
    regs.TCR_EL1 = t0sz(22) | kIps48;
    regs.TTBR0_EL1 = 0xffff'0000'0000'1040 | 0x3f;
    put(0x1040 + 5 * 8, 0x2000 | kTable);
    put(0x2000, 0x3000 | kTable);
    put(0x3000, 0x4000 | kTable);
    put(0x4000, kPa | kPage | kAf);
    expect_leaf(5ull << 39, kPa, 3, 0x1000);
    // One or two entries: 16 bytes, but 64 when bits [5:2] hold address bits.
    regs.TCR_EL1 = t0sz(24) | kIps48;  // 40 bits
    regs.TTBR0_EL1 = 0x5030 | 1;
    put(0x5030 + 8, 0x2000 | kTable);
    expect_leaf(1ull << 39, kPa, 3, 0x1000);
    regs.TCR_EL1 = t0sz(24) | kDs | kIps52;
    put(0xc'0000'0000'5000 + 8, 0x2000 | kTable);
    expect_leaf(1ull << 39, kPa, 3, 0x1000);
}

TEST_F(WalkTables, TheContiguousBitDoesNotMoveTheAddress) {
    map_page(kPa | kPage | kAf | kContiguous);
    expect_leaf(kVa | 1, kPa | 1, 3, 0x1000);
    EXPECT_TRUE(walk(kVa)->contiguous);
    put(0x2000 + 2 * 8, 0x4000'0000 | kBlock | kAf | kContiguous);
    expect_leaf(kVa, 0x4000'0000 | (kVa & low_mask(30)), 1, 1 << 30);
    EXPECT_TRUE(walk(kVa)->contiguous);
    map_page(kPa | kPage | kAf);
    EXPECT_FALSE(walk(kVa)->contiguous);
    // The highest level that has blocks has none: of 64KB,
    regs.TCR_EL1 = t0sz(16) | kTg0_64K | kIps48;
    regs.TTBR0_EL1 = 0x10'0000;
    put(0x10'0000 + 1 * 8, (3ull << 42) | kBlock | kAf | kContiguous);
    EXPECT_FALSE(walk(1ull << 42)->contiguous);
    // of 16KB, whose level 2 has it,
    regs.TCR_EL1 = t0sz(17) | kTg0_16K | kDs | kIps48;
    put(0x10'0000 + 1 * 8, (3ull << 36) | kBlock | kAf | kContiguous);
    EXPECT_FALSE(walk(1ull << 36)->contiguous);
    regs.TCR_EL1 = t0sz(28) | kTg0_16K | kIps48;
    put(0x10'0000 + 1 * 8, (3ull << 25) | kBlock | kAf | kContiguous);
    EXPECT_TRUE(walk(1ull << 25)->contiguous);
    // and of 4KB.
    regs.TCR_EL1 = t0sz(16) | kTg0_4K | kDs | kIps48;
    put(0x10'0000 + 1 * 8, (3ull << 39) | kBlock | kAf | kContiguous);
    EXPECT_FALSE(walk(1ull << 39)->contiguous);
}

TEST_F(WalkTables, ReservedAndAbsentGranulesAreTheSmallestPresent) {
    map_page(kPa | kPage | kAf);
    regs.TCR_EL1 = t0sz(16) | (0b11 << 14) | kIps48;  // TG0 reserved
    expect_leaf(kVa, kPa, 3, 0x1000);
    features.gran16k = false;
    regs.TCR_EL1 = t0sz(16) | kTg0_16K | kIps48;
    expect_leaf(kVa, kPa, 3, 0x1000);
    features.gran4k = false;
    regs.TCR_EL1 = t0sz(22) | kTg0_4K | kIps48;  // now 64KB
    regs.TTBR0_EL1 = 0x20'0000;
    put(0x20'0000 + 2 * 8, 0x6000'0000 | kBlock | kAf);
    expect_leaf(2ull << 29, 0x6000'0000, 2, 512 << 20);
}

TEST_F(WalkTables, BigEndianTables) {
    map_page(0);
    for (auto& [address, descriptor] : memory) descriptor = __builtin_bswap64(descriptor);
    put(kLeafAt, __builtin_bswap64(kPa | kPage | kAf));
    regs.SCTLR_EL1 |= kSctlrEe;
    const WalkResult result = walk(kVa);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, kPa);
    EXPECT_EQ(result->descriptor, kPa | kPage | kAf);  // as the CPU sees it
    features.mixed_endian = false;                     // EE is RES0
    EXPECT_FALSE(walk(kVa));
}

}  // namespace
}  // namespace trapeze::mem
