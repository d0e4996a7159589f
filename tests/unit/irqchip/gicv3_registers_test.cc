// The GICv3 register frames as a guest finds them after reset, and every offset and width of them.
#include <set>

#include "gicv3/distributor.h"
#include "gicv3/redistributor.h"
#include "gicv3_fixture.h"

namespace trapeze::irqchip::test {
namespace {

TEST(Gicv3Registers, DistributorIdentifiesItself) {
    Bench b(1);
    EXPECT_EQ(b.dist(0x0), 0x50u);  // ARE, DS
    EXPECT_EQ(b.dist(0x4), 31u | 9u << 19 | 1u << 24 | 1u << 26);
    EXPECT_EQ(b.dist(0x8), 0x43bu);
    EXPECT_EQ(b.dist(0xffe8) >> 4 & 15, 3u);  // PIDR2.ArchRev
    EXPECT_EQ(b.dist(0xfff0), 0x0du);
    EXPECT_EQ(b.dist(0xfffc), 0xb1u);
}

TEST(Gicv3Registers, ItLinesNumberFollowsTheSpiCount) {
    EXPECT_EQ(Bench(1, 32).dist(0x4) & 31, 1u);
    EXPECT_EQ(Bench(1, 224).dist(0x4) & 31, 7u);
    EXPECT_EQ(Bench(1, 960).dist(0x4) & 31, 30u);
    EXPECT_EQ(Bench(1, 988).dist(0x4) & 31, 31u);
}

TEST(Gicv3Registers, DistributorControlKeepsOnlyGroupEnables) {
    Bench b(1);
    b.dist_write(0x0, 0xffff'ffff);
    EXPECT_EQ(b.dist(0x0), 0x53u);
    b.dist_write(0x0, 0x2);
    EXPECT_EQ(b.dist(0x0), 0x52u);
    b.dist_write(0x0, 0);
    EXPECT_EQ(b.dist(0x0), 0x50u);
}

TEST(Gicv3Registers, RedistributorIdentifiesItself) {
    Bench b({0x0, 0x1'0002'0304}, 32);
    EXPECT_EQ(b.redist(0, 0x8, 8), 0x20u);
    EXPECT_EQ(b.redist(1, 0x8, 8), 0x01020304'00000130u);  // affinity, number 1, DPGS, Last
    EXPECT_EQ(b.redist(1, 0x8), 0x130u);
    EXPECT_EQ(b.redist(1, 0xc), 0x01020304u);
    EXPECT_EQ(b.redist(0, 0x4), 0x43bu);
    EXPECT_EQ(b.redist(0, 0xffe8) >> 4 & 15, 3u);
    EXPECT_EQ(b.redist(0, 0x0), 0u);
}

TEST(Gicv3Registers, LastEndsEveryRegion) {
    Bench b(512, 32);
    const auto last = [&] {
        std::set<unsigned> result;
        for (unsigned v = 0; v < 512; ++v) {
            if ((b.redist(v, 0x8) & 0x10) != 0) result.insert(v);
        }
        return result;
    };
    EXPECT_EQ(last(), (std::set<unsigned>{511}));
    const u32 regions[] = {123, 512};  // the first is full, the second has room to spare
    b.gic.set_redistributor_regions(regions);
    EXPECT_EQ(last(), (std::set<unsigned>{122, 511}));
    const u32 exact[] = {256, 256};
    b.gic.set_redistributor_regions(exact);
    EXPECT_EQ(last(), (std::set<unsigned>{255, 511}));
}

TEST(Gicv3Registers, WakerHandshake) {
    Bench b(2);
    EXPECT_EQ(b.redist(0, 0x14), 6u);
    b.redist_write(0, 0x14, 0);
    EXPECT_EQ(b.redist(0, 0x14), 0u);
    EXPECT_EQ(b.redist(1, 0x14), 6u);
    b.redist_write(0, 0x14, 0xffff'ffff);
    EXPECT_EQ(b.redist(0, 0x14), 6u);
    b.redist_write(0, 0x14, 0x4);  // ChildrenAsleep is read-only
    EXPECT_EQ(b.redist(0, 0x14), 0u);
}

TEST(Gicv3Registers, ProcessorSelectionBits) {
    Bench b(1);
    b.redist_write(0, 0x0, 0xffff'ffff);
    EXPECT_EQ(b.redist(0, 0x0), u64{3} << 24);
    b.redist_write(0, 0x0, u64{1} << 25);
    EXPECT_EQ(b.redist(0, 0x0), u64{1} << 25);
}

TEST(Gicv3Registers, PrivateInterruptsAreTheRedistributors) {
    Bench b(1);
    for (const u64 bank : {0x80, 0x100, 0x200, 0x300, 0xc00, 0xc04}) {
        b.dist_write(bank, 0xffff'ffff);
        EXPECT_EQ(b.dist(bank), 0u) << std::hex << bank;
    }
    b.dist_write(0x400, 0xffff'ffff);
    EXPECT_EQ(b.dist(0x400), 0u);
}

// Each bank by its architectural end: the last SPI is there, the special INTIDs are not.
TEST(Gicv3Registers, BanksEndWithTheLastInterrupt) {
    Bench b(1);
    for (const u64 bank : {0x80, 0x100, 0x200, 0x300}) {
        b.dist_write(bank + 31 * 4, 0xffff'ffff);
        EXPECT_EQ(b.dist(bank + 31 * 4), 0x0fff'ffffu) << std::hex << bank;
    }
    b.dist_write(0x400 + 1019, 0xff, 1);
    EXPECT_EQ(b.dist(0x400 + 1019, 1), 0xf8u);
    b.dist_write(0x400 + 1020, 0xff, 1);
    EXPECT_EQ(b.dist(0x400 + 1020, 1), 0u);
    b.dist_write(0xc00 + 63 * 4, 0xffff'ffff);
    EXPECT_EQ(b.dist(0xc00 + 63 * 4), 0x00aa'aaaau);
    b.dist_write(0x6000 + 8 * 1019, 0xffff'ffff'ffff'ffff, 8);
    EXPECT_EQ(b.dist(0x6000 + 8 * 1019, 8), 0xff'80ff'ffffu);
    b.dist_write(0x6000 + 8 * 1020, 0xffff'ffff'ffff'ffff, 8);
    EXPECT_EQ(b.dist(0x6000 + 8 * 1020, 8), 0u);
}

TEST(Gicv3Registers, BanksOfASmallGicEndSooner) {
    Bench b(1, 64);
    for (const u64 bank : {0x80, 0x100, 0x200, 0x300}) {
        b.dist_write(bank + 2 * 4, 0xffff'ffff);
        b.dist_write(bank + 3 * 4, 0xffff'ffff);
        EXPECT_EQ(b.dist(bank + 2 * 4), 0xffff'ffffu);
        EXPECT_EQ(b.dist(bank + 3 * 4), 0u);
    }
    b.dist_write(0x400 + 96, 0xff, 1);
    EXPECT_EQ(b.dist(0x400 + 96, 1), 0u);
    b.dist_write(0x6000 + 8 * 96, 1, 8);
    EXPECT_EQ(b.dist(0x6000 + 8 * 96, 8), 0u);
}

TEST(Gicv3Registers, PrioritiesByByteAndWord) {
    Bench b(1);
    b.dist_write(0x424, 0x12345678);
    EXPECT_EQ(b.dist(0x424), 0x10305078u);  // five bits each
    b.dist_write(0x425, 0xff, 1);
    EXPECT_EQ(b.dist(0x424), 0x1030f878u);
    EXPECT_EQ(b.dist(0x427, 1), 0x10u);
    b.redist_write(0, kSgiFrame + 0x41f, 0xa7, 1);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0x41c), 0xa000'0000u);
}

TEST(Gicv3Registers, RouterByHalves) {
    Bench b(1);
    const u64 offset = 0x6000 + 8 * 40;
    b.dist_write(offset, 0x8012'3456);
    b.dist_write(offset + 4, 0xffff'ff78);
    EXPECT_EQ(b.dist(offset, 8), 0x78'8012'3456u);
    EXPECT_EQ(b.dist(offset), 0x8012'3456u);
    EXPECT_EQ(b.dist(offset + 4), 0x78u);
}

TEST(Gicv3Registers, SgisAreAlwaysEdgeTriggered) {
    Bench b(1);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0xc00), 0xaaaa'aaaau);
    b.redist_write(0, kSgiFrame + 0xc00, 0);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0xc00), 0xaaaa'aaaau);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0xc04), 0u);
    b.redist_write(0, kSgiFrame + 0xc04, 0xffff'ffff);
    EXPECT_EQ(b.redist(0, kSgiFrame + 0xc04), 0xaaaa'aaaau);  // the lower bit of each field is RES0
}

TEST(Gicv3Registers, WhatOneSecurityStateHasNoUseForIsRazWi) {
    Bench b(1);
    const u64 distributor[] = {0x10, 0x40, 0x48, 0x50, 0x58, 0x820, 0xd04, 0xe08, 0xf00, 0xf10, 0xf20, 0xf84};
    for (const u64 offset : distributor) {
        b.dist_write(offset, 0xffff'ffff);
        EXPECT_EQ(b.dist(offset), 0u) << std::hex << offset;
    }
    for (const u64 offset : {0x40u, 0x70u, 0x78u, 0xa0u, 0xc0u, 0x10d00u, 0x10e00u, 0x10f80u}) {
        b.redist_write(0, offset, 0xffff'ffff);
        EXPECT_EQ(b.redist(0, offset), 0u) << std::hex << offset;
    }
}

// Every offset with every width: unknown ones, and widths a row does not take, read as zero and change
// nothing.
template <typename Frame, typename Read, typename Write>
void walk(u64 size, Read read, Write write) {
    for (u64 offset = 0; offset < size; ++offset) {
        const auto* row = Frame::registers().row_at(offset);
        for (const unsigned width : {1u, 2u, 4u, 8u}) {
            const bool fits = row != nullptr && (row->widths & width) != 0 && offset % width == 0 &&
                              offset - row->offset + width <= row->length;
            const u64 before = read(offset, width);
            if (!fits) {
                ASSERT_EQ(before, 0u) << std::hex << offset << "/" << width;
            }
            write(offset, width);
            const u64 after = read(offset, width);
            if (!fits || row->write == nullptr) {
                ASSERT_EQ(after, before) << std::hex << offset << "/" << width;
            }
        }
    }
}

TEST(Gicv3Registers, EveryDistributorOffsetAndWidth) {
    Bench b(2, 96);
    walk<gicv3::DistributorFrame>(
        0x1'0000 + 16, [&](u64 offset, unsigned width) { return b.dist(offset, width); },
        [&](u64 offset, unsigned width) { b.dist_write(offset, ~u64{0}, width); });
}

TEST(Gicv3Registers, EveryRedistributorOffsetAndWidth) {
    Bench b(2, 32);
    walk<gicv3::RedistributorFrame>(
        0x2'0000, [&](u64 offset, unsigned width) { return b.redist(1, offset, width); },
        [&](u64 offset, unsigned width) { b.redist_write(1, offset, ~u64{0}, width); });
    // Nothing leaked into the other vCPU's frame.
    EXPECT_EQ(b.redist(0, kSgiFrame + 0x100), 0u);
    EXPECT_EQ(b.redist(0, 0x14), 6u);
}

TEST(Gicv3Registers, NoRedistributorBeyondTheLastVcpu) {
    Bench b(2, 32);
    for (const u64 v : {2u, 3u, 511u, 512u, 0x7fff'ffffu}) {
        b.redist_write(static_cast<bus::VcpuIndex>(v), 0x14, 0);
        EXPECT_EQ(b.redist(static_cast<bus::VcpuIndex>(v), 0xffe8), 0u);
    }
}

}  // namespace
}  // namespace trapeze::irqchip::test
