// The GICv2 register frames as a guest finds them after reset, and every offset and width of them.
#include "gicv2/cpu_interface.h"
#include "gicv2/distributor.h"
#include "gicv2_fixture.h"

namespace trapeze::irqchip::gicv2_test {
namespace {

TEST(Gicv2Registers, DistributorIdentifiesItself) {
    Bench b(3);
    EXPECT_EQ(b.dist(gicd::kCtlr), 0u);
    EXPECT_EQ(b.dist(gicd::kTyper), 31u | 2u << 5) << "no Security Extensions";
    EXPECT_EQ(b.dist(gicd::kIidr), 0x43bu);
    EXPECT_EQ(b.dist(0xfe8) >> 4 & 15, 2u);  // PIDR2.ArchRev
    EXPECT_EQ(b.dist(0xff0), 0x0du);
    EXPECT_EQ(b.dist(0xffc), 0xb1u);
}

TEST(Gicv2Registers, TyperFollowsTheConfiguration) {
    EXPECT_EQ(Bench(1, 32).dist(gicd::kTyper), 1u);
    EXPECT_EQ(Bench(8, 224).dist(gicd::kTyper), 7u | 7u << 5);
    EXPECT_EQ(Bench(2, 960).dist(gicd::kTyper), 30u | 1u << 5);
}

TEST(Gicv2Registers, CpuInterfaceIdentifiesItself) {
    Bench b(2);
    // What Linux' gic_check_gicv2() looks at: version 2 of the architecture, by Arm.
    EXPECT_EQ(b.cpu(gicc::kIidr) & 0xf0fff, 0x2043bu);
    EXPECT_EQ(b.cpu(gicc::kCtlr), 0u);
    EXPECT_EQ(b.cpu(gicc::kPmr), 0u);
    EXPECT_EQ(b.cpu(gicc::kBpr), 2u);
    EXPECT_EQ(b.cpu(gicc::kAbpr), 3u);
    EXPECT_EQ(b.cpu(gicc::kRpr), 0xffu);
    EXPECT_EQ(b.cpu(gicc::kIar), kSpurious);
    EXPECT_EQ(b.cpu(gicc::kHppir), kSpurious);
    EXPECT_EQ(b.cpu(gicc::kAiar), kSpurious);
    EXPECT_EQ(b.cpu(gicc::kAhppir), kSpurious);
}

TEST(Gicv2Registers, ControlRegistersKeepWhatTheyHave) {
    Bench b(2);
    b.dist_write(gicd::kCtlr, 0xffff'ffff);
    EXPECT_EQ(b.dist(gicd::kCtlr), 3u);
    b.dist_write(gicd::kCtlr, 2, 1);
    EXPECT_EQ(b.dist(gicd::kCtlr), 2u) << "one for all";
    b.cpu_write(gicc::kCtlr, 0xffff'ffff);
    EXPECT_EQ(b.cpu(gicc::kCtlr), 0x21fu) << "no bypass, one EOImode";
    EXPECT_EQ(b.cpu(gicc::kCtlr, 1), 0u) << "one for each";
    for (const u64 one : {kEnableGrp0, kEnableGrp1, kAckCtl, kFiqEn, kCbpr, kEoiMode}) {
        b.cpu_write(gicc::kCtlr, one);
        EXPECT_EQ(b.cpu(gicc::kCtlr), one);
    }
}

TEST(Gicv2Registers, FiveBitsOfPriority) {
    Bench b(1);
    b.cpu_write(gicc::kPmr, 0xff);
    EXPECT_EQ(b.cpu(gicc::kPmr), 0xf8u);
    b.dist_write(gicd::kIpriorityr + 0x24, 0x12345678);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 0x24), 0x10305078u);
    b.dist_write(gicd::kIpriorityr + 0x25, 0xff, 0, 1);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 0x24), 0x1030f878u);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 0x27, 0, 1), 0x10u);
}

TEST(Gicv2Registers, BinaryPointsHaveMinima) {
    Bench b(1);
    for (unsigned value = 0; value < 8; ++value) {
        b.cpu_write(gicc::kBpr, value | 0xf0);
        EXPECT_EQ(b.cpu(gicc::kBpr), std::max(value, 2u));
        b.cpu_write(gicc::kAbpr, value | 0xf0);
        EXPECT_EQ(b.cpu(gicc::kAbpr), std::max(value, 3u));
    }
    b.cpu_write(gicc::kCtlr, kCbpr);
    b.cpu_write(gicc::kBpr, 4);
    EXPECT_EQ(b.cpu(gicc::kAbpr), 7u) << "CBPR does not change what GICC_ABPR holds";
}

TEST(Gicv2Registers, PrivateInterruptsAreBanked) {
    Bench b(3);
    for (const u64 bank : {gicd::kIgroupr, gicd::kIsenabler, gicd::kIspendr, gicd::kIsactiver}) {
        b.dist_write(bank, 0xffff'0000, 1);
        EXPECT_EQ(b.dist(bank, 1) >> 16, 0xffffu) << std::hex << bank;
        EXPECT_EQ(b.dist(bank, 0) >> 16, 0u) << std::hex << bank;
        EXPECT_EQ(b.dist(bank, 2) >> 16, 0u) << std::hex << bank;
        b.dist_write(bank + 4, 1, 1);
        EXPECT_EQ(b.dist(bank + 4, 2), 1u) << "SPIs are not";
    }
    b.dist_write(gicd::kIpriorityr, 0x08101820, 2);
    EXPECT_EQ(b.dist(gicd::kIpriorityr, 2), 0x08101820u);
    EXPECT_EQ(b.dist(gicd::kIpriorityr, 1), 0u);
    b.dist_write(gicd::kIcfgr + 4, 0xaaaa'aaaa, 2);
    EXPECT_EQ(b.dist(gicd::kIcfgr + 4, 2), 0xaaaa'aaaau);
    EXPECT_EQ(b.dist(gicd::kIcfgr + 4, 1), 0u);
}

TEST(Gicv2Registers, SgisAreEdgeTriggeredAndEnabledForGood) {
    Bench b(2);
    EXPECT_EQ(b.dist(gicd::kIcfgr), 0xaaaa'aaaau);
    b.dist_write(gicd::kIcfgr, 0);
    EXPECT_EQ(b.dist(gicd::kIcfgr), 0xaaaa'aaaau);
    EXPECT_EQ(b.dist(gicd::kIsenabler, 1), 0xffffu);
    b.dist_write(gicd::kIcenabler, 0xffff'ffff, 1);
    EXPECT_EQ(b.dist(gicd::kIsenabler, 1), 0xffffu);
    EXPECT_EQ(b.dist(gicd::kIcenabler, 1), 0xffffu);
}

// Each bank by its architectural end: the last SPI is there, the special INTIDs are not.
TEST(Gicv2Registers, BanksEndWithTheLastInterrupt) {
    Bench b(2);
    for (const u64 bank : {gicd::kIgroupr, gicd::kIsenabler, gicd::kIspendr, gicd::kIsactiver}) {
        b.dist_write(bank + 31 * 4, 0xffff'ffff);
        EXPECT_EQ(b.dist(bank + 31 * 4), 0x0fff'ffffu) << std::hex << bank;
    }
    b.set_priority(1019, 0x48);
    b.set_targets(1019, 3);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 1019, 0, 1), 0x48u);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 1019, 0, 1), 3u);
}

TEST(Gicv2Registers, BanksOfASmallGicEndSooner) {
    Bench b(2, 64);
    for (const u64 bank : {gicd::kIgroupr, gicd::kIsenabler, gicd::kIspendr, gicd::kIsactiver}) {
        b.dist_write(bank + 2 * 4, 0xffff'ffff);
        b.dist_write(bank + 3 * 4, 0xffff'ffff);
        EXPECT_EQ(b.dist(bank + 2 * 4), 0xffff'ffffu);
        EXPECT_EQ(b.dist(bank + 3 * 4), 0u);
    }
    b.set_priority(96, 0xff);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 96, 0, 1), 0u);
    b.set_targets(96, 1);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 96, 0, 1), 0u);
}

TEST(Gicv2Registers, TargetsOfPrivateInterruptsSayWhoReads) {
    Bench b(8);
    for (unsigned v = 0; v < 8; ++v) {
        for (u64 offset = 0; offset < 32; offset += 4) {
            b.dist_write(gicd::kItargetsr + offset, ~u64{0}, v);
            EXPECT_EQ(b.dist(gicd::kItargetsr + offset, v), 0x01010101u << v);
        }
        EXPECT_EQ(b.dist(gicd::kItargetsr + 17, v, 1), 1u << v);
    }
}

TEST(Gicv2Registers, TargetsOfSpis) {
    Bench b(3);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 40), 0u);
    b.dist_write(gicd::kItargetsr + 40, 0xff02'0104);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 40), 0x0702'0104u) << "vCPUs that exist";
    b.dist_write(gicd::kItargetsr + 41, 6, 1, 1);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 40, 2), 0x0702'0604u);
    EXPECT_EQ(b.dist(gicd::kItargetsr + 43, 2, 1), 7u);
}

TEST(Gicv2Registers, NoTargetsWithOneVcpu) {
    Bench b(1);
    for (const u64 offset : {0u, 28u, 40u}) {
        b.dist_write(gicd::kItargetsr + offset, 0x0101'0101);
        EXPECT_EQ(b.dist(gicd::kItargetsr + offset), 0u);
    }
    b.bring_up();
    b.enable(40);
    b.level(40, true);
    EXPECT_EQ(b.iar(), 40u) << "and none needed";
}

TEST(Gicv2Registers, OneActivePrioritiesRegisterPerGroup) {
    Bench b(1);
    b.cpu_write(gicc::kApr0, 0x8000'0001);
    b.cpu_write(gicc::kNsapr0, 0x10);
    EXPECT_EQ(b.cpu(gicc::kApr0), 0x8000'0001u);
    EXPECT_EQ(b.cpu(gicc::kNsapr0), 0x10u);
    EXPECT_EQ(b.cpu(gicc::kRpr), 0u);
    b.cpu_write(gicc::kApr0, 0);
    EXPECT_EQ(b.cpu(gicc::kRpr), 0x20u);
    for (u64 n = 1; n < 4; ++n) {
        b.cpu_write(gicc::kApr0 + 4 * n, ~u64{0});
        b.cpu_write(gicc::kNsapr0 + 4 * n, ~u64{0});
        EXPECT_EQ(b.cpu(gicc::kApr0 + 4 * n), 0u);
        EXPECT_EQ(b.cpu(gicc::kNsapr0 + 4 * n), 0u);
    }
}

TEST(Gicv2Registers, NoSecurityExtensions) {
    Bench b(2);
    for (u64 offset = gicd::kNsacr; offset < gicd::kNsacr + 0x100; offset += 4) {
        b.dist_write(offset, 0xffff'ffff);
        EXPECT_EQ(b.dist(offset), 0u) << std::hex << offset;
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
            if (!fits || row->read == nullptr) {
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

TEST(Gicv2Registers, EveryDistributorOffsetAndWidth) {
    Bench b(2, 96);
    walk<gicv2::DistributorFrame>(
        0x1'0000, [&](u64 offset, unsigned width) { return b.dist(offset, 1, width); },
        [&](u64 offset, unsigned width) { b.dist_write(offset, ~u64{0}, 1, width); });
    // Nothing leaked into what is the other vCPU's.
    EXPECT_EQ(b.dist(gicd::kIsenabler, 0), 0xffffu);
    EXPECT_EQ(b.dist(gicd::kIpriorityr + 16, 0), 0u);
}

TEST(Gicv2Registers, EveryCpuInterfaceOffsetAndWidth) {
    Bench b(2, 32);
    walk<gicv2::CpuFrame>(
        0x1'0000, [&](u64 offset, unsigned width) { return b.cpu(offset, 1, width); },
        [&](u64 offset, unsigned width) { b.cpu_write(offset, ~u64{0}, 1, width); });
    EXPECT_EQ(b.cpu(gicc::kPmr, 1), 0xf8u);
    EXPECT_EQ(b.cpu(gicc::kPmr, 0), 0u);
}

TEST(Gicv2Registers, FramesHaveTheArchitecturesSize) {
    const auto end_of = [](const auto& map) {
        const auto& last = map.rows().back();
        return u64{last.offset} + last.length;
    };
    EXPECT_EQ(end_of(gicv2::DistributorFrame::registers()), kGicv2DistributorSize);
    EXPECT_LE(end_of(gicv2::CpuFrame::registers()), kGicv2CpuInterfaceSize);
}

}  // namespace
}  // namespace trapeze::irqchip::gicv2_test
