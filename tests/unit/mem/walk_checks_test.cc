// What is checked before, during and after a walk, and at which level it faults (DDI0487 "MMU faults",
// "Implemented physical address size", "Translation table base address register").
#include "trapeze/mem/guest_memory.h"
#include "walk_fixture.h"

namespace trapeze::mem {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class WalkChecks : public WalkTest {};

// Input addresses.

TEST_F(WalkChecks, AnAddressOutsideBothRangesIsATranslationFaultAtLevel0) {
    map_page(kPa | kPage | kAf);
    for (const u64 va :
         {kVa | bit(48), kVa | bit(54), kVa | bit(63), ~u64{0} & ~bit(63), ~u64{0} & ~bit(48)}) {
        EXPECT_EQ(fault(va), translation(0)) << std::hex << va;
        EXPECT_THAT(reads, IsEmpty());
    }
    regs.TCR_EL1 = t0sz(12) | kDs | kIps52;  // the walk would start at level -1
    EXPECT_EQ(fault(bit(52)), translation(0));
}

TEST_F(WalkChecks, ASmallRegionEndsAtItsSize) {
    regs.TCR_EL1 = t0sz(32) | t1sz(40) | kTg1_4K | kIps48;
    regs.TTBR0_EL1 = 0x2000;
    regs.TTBR1_EL1 = 0x3000;
    put(0x2000 + 3 * 8, 0x4000'0000 | kBlock | kAf);
    put(0x3000, 0x4020'0000 | kBlock | kAf);
    EXPECT_EQ(pa(0xffff'ffff), 0x7fff'ffffu);
    EXPECT_EQ(fault(0x1'0000'0000), translation(0));
    EXPECT_EQ(pa(0xffff'ffff'ff00'0000), 0x4020'0000u);
    EXPECT_EQ(fault(0xffff'ffff'feff'ffff), translation(0));
}

TEST_F(WalkChecks, TbiIgnoresTheTopByte) {
    map_page(kPa | kPage | kAf);
    const u64 tagged = 0xa5ull << 56 | kVa;
    EXPECT_EQ(fault(tagged), translation(0));
    regs.TCR_EL1 |= kTbi1;  // the other half's
    EXPECT_EQ(fault(tagged), translation(0));
    regs.TCR_EL1 |= kTbi0;
    EXPECT_EQ(pa(tagged), kPa);
    EXPECT_EQ(fault(tagged | bit(48)), translation(0));
    // Bit 55 selects the half, whatever bit 63 is.
    regs.TTBR1_EL1 = 0x1000;
    put(0x1000 + 511 * 8, 0x80'0000'0000 | kTable);
    EXPECT_EQ(fault(0x00ff'ffff'ffff'ffff), external_abort(1));
}

TEST_F(WalkChecks, TbidMakesTheTopByteCountForFetches) {
    map_page(kPa | kPage | kAf);
    regs.TCR_EL1 |= kTbi0 | kTbid0;
    const u64 tagged = 0xa5ull << 56 | kVa;
    EXPECT_EQ(pa(tagged), kPa);
    EXPECT_EQ(fault(tagged, kFetch), translation(0));
    EXPECT_EQ(pa(kVa, kFetch), kPa);
    features.pauth = false;  // TBID0 is RES0
    EXPECT_EQ(pa(tagged, kFetch), kPa);
}

TEST_F(WalkChecks, MtxTakesFourBitsForATag) {
    map_page(kPa | kPage | kAf);
    regs.TCR_EL1 |= kMtx0;
    EXPECT_EQ(pa(0x5ull << 56 | kVa), kPa);
    EXPECT_EQ(fault(0x15ull << 56 | kVa), translation(0));
    // In the upper half the tag reads as ones.
    regs.TTBR1_EL1 = 0x5000;
    EXPECT_EQ(fault(0xf5ff'ffff'ffff'ffff), translation(0));
    regs.TCR_EL1 |= kMtx1;
    EXPECT_EQ(fault(0xf5ff'ffff'ffff'ffff), external_abort(0));
    EXPECT_EQ(fault(0x75ff'ffff'ffff'ffff), translation(0));
    features.mtx = false;
    EXPECT_EQ(fault(0x5ull << 56 | kVa), translation(0));
}

// TxSZ.

TEST_F(WalkChecks, TxSzBelowTheMinimumFaultsAtLevel0) {
    regs.TTBR0_EL1 = 0x1000;
    for (const u64 tsz : {0u, 11u, 15u}) {
        regs.TCR_EL1 = t0sz(tsz) | kIps48;
        EXPECT_EQ(fault(0), translation(0)) << tsz;
        regs.TCR_EL1 = t0sz(tsz) | kTg0_16K | kIps48;
        EXPECT_EQ(fault(0), translation(0)) << tsz;
    }
    for (const u64 granule : {kTg0_4K | kDs, kTg0_16K | kDs, kTg0_64K}) {
        regs.TCR_EL1 = t0sz(12) | granule | kIps52;
        EXPECT_EQ(fault(0).kind, FaultKind::ExternalAbort) << "12 bits are enough with 52-bit addresses";
        regs.TCR_EL1 = t0sz(11) | granule | kIps52;
        EXPECT_EQ(fault(0), translation(0));
    }
    features.lva = features.lpa2_4k = features.lpa2_16k = false;
    for (const u64 granule : {kTg0_4K | kDs, kTg0_16K | kDs, kTg0_64K}) {
        regs.TCR_EL1 = t0sz(15) | granule | kIps52;
        EXPECT_EQ(fault(0), translation(0));
        EXPECT_THAT(reads, IsEmpty());
    }
}

TEST_F(WalkChecks, TxSzAboveTheMaximumFaultsAtLevel0) {
    regs.TTBR0_EL1 = 0x1000;
    for (const auto& [granule, most] : {std::pair{kTg0_4K, 48}, {kTg0_16K, 48}, {kTg0_64K, 47}}) {
        regs.TCR_EL1 = t0sz(static_cast<u64>(most)) | granule | kIps48;
        EXPECT_EQ(fault(0), external_abort(3));
        regs.TCR_EL1 = t0sz(static_cast<u64>(most + 1)) | granule | kIps48;
        EXPECT_EQ(fault(0), translation(0));
        EXPECT_THAT(reads, IsEmpty());
    }
    features.ttst = false;
    for (const u64 granule : {kTg0_4K, kTg0_16K, kTg0_64K}) {
        regs.TCR_EL1 = t0sz(39) | granule | kIps48;
        EXPECT_EQ(fault(0).kind, FaultKind::ExternalAbort);
        regs.TCR_EL1 = t0sz(40) | granule | kIps48;
        EXPECT_EQ(fault(0), translation(0));
    }
}

// Disabled halves.

TEST_F(WalkChecks, EpdForbidsTheWalk) {
    map_page(kPa | kPage | kAf);
    regs.TTBR1_EL1 = 0x1000;
    regs.TCR_EL1 |= kEpd1;
    EXPECT_EQ(pa(kVa), kPa);
    EXPECT_EQ(fault(~u64{0}), translation(0));
    EXPECT_THAT(reads, IsEmpty());
    regs.TCR_EL1 |= kEpd0;
    EXPECT_EQ(fault(kVa), translation(0));
    EXPECT_EQ(fault_of(debug(kVa)), translation(0));
}

TEST_F(WalkChecks, E0pdForbidsEl0) {
    map_page(kPa | kPage | kAf | kAp1);
    regs.TCR_EL1 |= kE0pd0;
    EXPECT_EQ(pa(kVa), kPa);
    EXPECT_EQ(fault(kVa, kEl0Read), translation(0));
    EXPECT_THAT(reads, IsEmpty());
    EXPECT_EQ(fault(kVa, kEl0Fetch), translation(0));
    EXPECT_EQ(debug(kVa)->pa.value, kPa);
    features.e0pd = false;
    EXPECT_EQ(pa(kVa, kEl0Read), kPa);
    features.e0pd = true;
    regs.TCR_EL1 = (regs.TCR_EL1 & ~kE0pd0) | kE0pd1;
    EXPECT_EQ(pa(kVa, kEl0Read), kPa);
    EXPECT_EQ(fault(~u64{0}, kEl0Read), translation(0));
}

// Descriptors.

TEST_F(WalkChecks, InvalidDescriptorsFaultAtTheirLevel) {
    const u64 at[] = {0x1008, 0x2010, 0x3018, kLeafAt};
    for (int level = 0; level < 4; ++level) {
        map_page(kPa | kPage | kAf);
        put(at[level], 0xffff'ffff'ffff'fffe);
        EXPECT_EQ(fault(kVa), translation(level));
        EXPECT_THAT(reads, SizeIs(static_cast<std::size_t>(level + 1)));
    }
    map_page(kPa | kBlock | kAf);  // level 3 has pages only
    EXPECT_EQ(fault(kVa), translation(3));
}

TEST_F(WalkChecks, ReadsThatFailAreExternalAbortsAtTheirLevel) {
    const u64 at[] = {0x1008, 0x2010, 0x3018, kLeafAt};
    for (int level = 0; level < 4; ++level) {
        map_page(kPa | kPage | kAf);
        memory.erase(at[level]);
        EXPECT_EQ(fault(kVa), external_abort(level));
        EXPECT_EQ(fault_of(debug(kVa)), external_abort(level));
    }
}

TEST_F(WalkChecks, AccessFlag) {
    map_page(kPa | kPage);
    EXPECT_EQ(fault(kVa), access_flag(3));
    EXPECT_EQ(fault(kVa, {.kind = AccessKind::Any}), access_flag(3));
    EXPECT_EQ(debug(kVa)->pa.value, kPa);
    EXPECT_FALSE(debug(kVa)->sets_access_flag);
    put(0x3018, 0x4020'0000 | kBlock);
    EXPECT_EQ(fault(kVa), access_flag(2));
    // It comes before permissions.
    put(0x3018, 0x4020'0000 | kBlock | kAp2);
    EXPECT_EQ(fault(kVa, kWrite), access_flag(2));
    put(0x3018, 0x4020'0000 | kBlock);
    regs.TCR_EL1 |= kHa;
    ASSERT_TRUE(walk(kVa));
    EXPECT_TRUE(walk(kVa)->sets_access_flag);
    features.haf = features.hdbs = false;  // HA is RES0
    EXPECT_EQ(fault(kVa), access_flag(2));
    features.haf = true;
    put(0x3018, 0x4020'0000 | kBlock | kAf);
    EXPECT_FALSE(walk(kVa)->sets_access_flag);
}

// Output addresses.

TEST_F(WalkChecks, OutputAddressesBeyondIpsAreAddressSizeFaults) {
    const auto with_ips = [&](u64 ips) { regs.TCR_EL1 = t0sz(16) | ips; };
    map_page((1ull << 36) | kPage | kAf);
    with_ips(kIps36);
    EXPECT_EQ(fault(kVa), address_size(3));
    EXPECT_EQ(fault_of(debug(kVa)), address_size(3));
    with_ips(kIps40);
    EXPECT_EQ(pa(kVa), 1ull << 36);
    // It comes before the Access flag.
    put(kLeafAt, (1ull << 40) | kPage);
    EXPECT_EQ(fault(kVa), address_size(3));
    // Tables and blocks, at their level.
    put(0x3018, (1ull << 40) | kTable);
    EXPECT_EQ(fault(kVa), address_size(2));
    put(0x3018, (1ull << 40) | kBlock | kAf);
    EXPECT_EQ(fault(kVa), address_size(2));
    put(0x2010, (1ull << 47) | kTable);
    EXPECT_EQ(fault(kVa), address_size(1));
    put(0x1008, (1ull << 40) | kTable);
    EXPECT_EQ(fault(kVa), address_size(0));
}

TEST_F(WalkChecks, ABlockMayBeLargerThanTheOutputAddressSize) {
    // A block of 4TB, of which 64GB can be addressed. Bits of the descriptor below its size are not address.
    regs.TCR_EL1 = t0sz(16) | kTg0_64K | kIps36;
    regs.TTBR0_EL1 = 0x10'0000;
    put(0x10'0000, (1ull << 41) | kBlock | kAf);
    EXPECT_EQ(pa(0xf'ffff'ffff), 0xf'ffff'ffffu);
    EXPECT_EQ(fault(0x10'0000'0000), address_size(1));
    EXPECT_EQ(fault_of(debug(0x3ff'ffff'ffff)), address_size(1));
}

TEST_F(WalkChecks, TheImplementedSizeBoundsIps) {
    features.pa_bits = 40;
    map_page((1ull << 40) | kPage | kAf);
    regs.TCR_EL1 = t0sz(16) | kIps48;
    EXPECT_EQ(fault(kVa), address_size(3));
    regs.TCR_EL1 = t0sz(16) | (7ull << 32);  // reserved: the largest
    EXPECT_EQ(fault(kVa), address_size(3));
    features.pa_bits = 44;
    EXPECT_EQ(pa(kVa), 1ull << 40);
}

TEST_F(WalkChecks, ATableBaseOutOfRangeFaultsAtLevel0) {
    map_page(kPa | kPage | kAf);
    regs.TTBR0_EL1 = (1ull << 40) | 0x1000;
    regs.TCR_EL1 = t0sz(16) | kIps40;
    EXPECT_EQ(fault(kVa), address_size(0));
    EXPECT_THAT(reads, IsEmpty());
    regs.TCR_EL1 = t0sz(34) | kIps40;  // the walk would start at level 2
    EXPECT_EQ(fault(0), address_size(0));
    // At level -1 too. Bits [51:48] of the address come from bits [5:2].
    regs.TTBR0_EL1 = 0x1000 | (1 << 2);
    regs.TCR_EL1 = t0sz(12) | kDs | kIps48;
    EXPECT_EQ(fault(0), address_size(0));
    regs.TCR_EL1 = t0sz(12) | kDs | kIps52;
    EXPECT_EQ(fault(0), external_abort(-1));
}

TEST_F(WalkChecks, WithSmallerIpsTheTableBaseHasNoHighBits) {
    regs.TCR_EL1 = t0sz(22) | kTg0_64K | kIps48;
    regs.TTBR0_EL1 = 0x20'0000 | (0xf << 2);
    put(0x20'0000, 0x6000'0000 | kBlock | kAf);
    EXPECT_EQ(pa(0), 0x6000'0000u);
    regs.TCR_EL1 = t0sz(22) | kTg0_64K | kIps52;
    EXPECT_EQ(fault(0), external_abort(2));
    EXPECT_THAT(reads, testing::ElementsAre(0xf'0000'0020'0000));
}

TEST_F(WalkChecks, AddressSizeFaultAtLevelMinusOne) {
    regs.TCR_EL1 = t0sz(12) | kDs | kIps48;
    regs.TTBR0_EL1 = 0x5000;
    put(0x5000, 0x1000 | bit(48) | kTable);
    EXPECT_EQ(fault(0), address_size(-1));
}

TEST_F(WalkChecks, HighBitsOf52BitFormatsCountOnlyInThatFormat) {
    // 4KB without DS: bits [49:48] and [9:8] are not address.
    map_page(kPa | bit(48) | bit(49) | kInner | kPage | kAf);
    EXPECT_EQ(pa(kVa), kPa);
    regs.TCR_EL1 = t0sz(16) | kDs | kIps48;
    EXPECT_EQ(fault(kVa), address_size(3));
    features.lpa2_4k = false;  // DS is RES0
    EXPECT_EQ(pa(kVa), kPa);
    // 64KB with FEAT_LPA: bits [15:12] are, and beyond IPS.
    regs.TCR_EL1 = t0sz(22) | kTg0_64K | kIps48;
    regs.TTBR0_EL1 = 0x20'0000;
    put(0x20'0000, 0x6000'0000 | (1 << 12) | kBlock | kAf);
    EXPECT_EQ(fault(0), address_size(2));
    features.pa_bits = 48;
    EXPECT_EQ(pa(0), 0x6000'0000u);
}

// Stage 1 off.

TEST_F(WalkChecks, MmuOffIsFlat) {
    regs = {};
    regs.TCR_EL1 = kEpd0 | kIps32;  // without effect
    features.pa_bits = 40;
    const WalkResult result = walk(0xff'1234'5678);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->pa.value, 0xff'1234'5678u);
    EXPECT_TRUE(result->flat);
    EXPECT_EQ(result->size, 1ull << 40);
    EXPECT_EQ(result->attributes,
              (MemoryAttributes{.attr = 0, .shareability = Shareability::OuterShareable}));
    const AccessRights all{.read = true, .write = true, .execute = true};
    EXPECT_EQ(result->permissions, (Permissions{.privileged = all, .unprivileged = all}));
    EXPECT_THAT(reads, IsEmpty());
    EXPECT_EQ(debug(0x1234)->pa.value, 0x1234u);
    // Fetches are Normal.
    EXPECT_EQ(walk(0, kFetch)->attributes.attr, 0x44);
    regs.SCTLR_EL1 = kSctlrI;
    EXPECT_EQ(walk(0, kFetch)->attributes.attr, 0xaa);
    EXPECT_EQ(walk(0)->attributes.attr, 0);
}

TEST_F(WalkChecks, MmuOffAddressesMustBeImplemented) {
    regs = {};
    features.pa_bits = 40;
    EXPECT_EQ(fault(1ull << 40), address_size(0));
    EXPECT_EQ(fault(~u64{0}), address_size(0));
    EXPECT_EQ(fault(0xa5ull << 56), address_size(0));
    regs.TCR_EL1 = kTbi0;
    EXPECT_EQ(pa(0xa5ull << 56 | 0x1234), 0x1234u);
    EXPECT_EQ(fault(1ull << 55), address_size(0));  // the other half, without TBI1
    EXPECT_EQ(fault(1ull << 54), address_size(0));
}

// Reading guest RAM.

TEST_F(WalkChecks, GuestMemoryReader) {
    GuestMemory ram;
    ASSERT_TRUE(ram.add_ram({Gpa{0x4000'0000}, 0x10000}));
    const u8 bytes[] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    ASSERT_TRUE(ram.write(Gpa{0x4000'fff8}, bytes));
    const DescriptorReader read = guest_memory_reader(ram);
    EXPECT_EQ(read(Gpa{0x4000'fff8}), 0x1122'3344'5566'7788u);
    EXPECT_EQ(read(Gpa{0x4001'0000}), std::nullopt);
    EXPECT_EQ(read(Gpa{0x3fff'fff8}), std::nullopt);
    EXPECT_EQ(read(Gpa{0}), std::nullopt);
}

}  // namespace
}  // namespace trapeze::mem
