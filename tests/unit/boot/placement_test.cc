#include "placement.h"

#include <gtest/gtest.h>

#include "images.h"

namespace trapeze::boot {
namespace {

using namespace test;

constexpr u64 kDtb = 64 << 10;

mem::GpaRange at(u64 base, u64 size) {
    return {mem::Gpa{base}, size};
}

void expect_range(const Result<mem::GpaRange>& range, u64 base, u64 size) {
    ASSERT_TRUE(range) << error_of(range);
    EXPECT_EQ(range->base.value, base);
    EXPECT_EQ(range->size, size);
}

// As QEMU's virt: initrd at RAM + min(RAM / 2, 128 MiB), device tree at the next multiple of 2 MiB.
TEST(Placement, FollowsQemuWhereThatFits) {
    const auto kernel = at(0x40200000, 40 * kMiB);
    const auto initrd = place_initrd(ram_of(kGiB), kernel, 5 * kMiB + 3, kDtb);
    expect_range(initrd, 0x48000000, 5 * kMiB + 3);
    expect_range(place_dtb(ram_of(kGiB), kernel, KernelKind::Image, *initrd, kDtb), 0x48600000, kDtb);
    expect_range(place_dtb(ram_of(kGiB), kernel, KernelKind::Image, {}, kDtb), 0x48000000, kDtb);
    expect_range(place_initrd(ram_of(128 * kMiB), kernel, kMiB, kDtb), 0x44000000, kMiB);
}

TEST(Placement, StaysBehindALargeKernel) {
    const auto kernel = at(0x40200000, 200 * kMiB + 5);
    expect_range(place_initrd(ram_of(kGiB), kernel, kMiB, kDtb), 0x40200000 + 200 * kMiB + 4096, kMiB);
    expect_range(place_dtb(ram_of(kGiB), kernel, KernelKind::Image, {}, kDtb), 0x40200000 + 202 * kMiB, kDtb);
}

TEST(Placement, MovesALargeInitrdDownUntilItTouchesTheKernel) {
    const auto ram = ram_of(256 * kMiB);
    const auto kernel = at(0x40200000, 38 * kMiB);  // up to 40 MiB
    const u64 most = 216 * kMiB - kDtb;
    expect_range(place_initrd(ram, kernel, 180 * kMiB, kDtb), kRamBase + 76 * kMiB - kDtb, 180 * kMiB);
    const auto initrd = place_initrd(ram, kernel, most, kDtb);
    expect_range(initrd, kRamBase + 40 * kMiB, most);
    expect_range(place_dtb(ram, kernel, KernelKind::Image, *initrd, kDtb), kRamBase + 256 * kMiB - kDtb,
                 kDtb);
    EXPECT_EQ(
        error_of(place_initrd(ram, kernel, most + 1, kDtb)),
        "its 216 MiB do not fit into memory: 256 MiB at 0x40000000, of which the kernel takes 38 MiB at "
        "0x40200000");
}

TEST(Placement, RefusesSizesThatWouldWrap) {
    for (const u64 size : {~u64{0}, ~u64{0} - 4096, u64{1} << 63}) {
        EXPECT_FALSE(place_initrd(ram_of(256 * kMiB), at(0x40200000, kMiB), size, kDtb));
        EXPECT_FALSE(place_initrd(ram_of(256 * kMiB), at(0x40200000, kMiB), kMiB, size));
        EXPECT_FALSE(place_dtb(ram_of(256 * kMiB), at(0x40200000, kMiB), KernelKind::Image, {}, size));
    }
}

TEST(Placement, KeepsTheInitrdWithin32GiBOfTheKernel) {
    const auto kernel = at(0x40200000, 40 * kMiB);
    const u64 most = 32 * kGiB - 128 * kMiB;  // the window begins with RAM
    EXPECT_TRUE(place_initrd(ram_of(64 * kGiB), kernel, most, kDtb));
    EXPECT_EQ(error_of(place_initrd(ram_of(64 * kGiB), kernel, most + 1, kDtb)),
              "its 32 GiB do not lie within 32 GiB of the kernel");
}

TEST(Placement, PutsTheDeviceTreeOfWhatIsNoLinuxAtTheStartOfRam) {
    const auto ram = ram_of(128 * kMiB);
    for (const KernelKind kind : {KernelKind::Elf, KernelKind::Flat}) {
        expect_range(place_dtb(ram, at(0x40080000, kMiB), kind, {}, kDtb), kRamBase, kDtb);
        expect_range(place_dtb(ram, at(kRamBase + kDtb, kMiB), kind, {}, kDtb), kRamBase, kDtb);
        // No room below it: behind it.
        expect_range(place_dtb(ram, at(kRamBase + kDtb - 1, kMiB), kind, {}, kDtb), 0x44000000, kDtb);
        expect_range(place_dtb(ram, at(kRamBase, kMiB), kind, {}, kDtb), 0x44000000, kDtb);
    }
}

TEST(Placement, FindsRoomForTheDeviceTreeInSmallMemories) {
    // Half of RAM is no multiple of 2 MiB, and the next such multiple is the end of RAM.
    expect_range(place_dtb(ram_of(2 * kMiB), at(0x40080000, 4096), KernelKind::Image, {}, kDtb), 0x40100000,
                 kDtb);
    // The kernel goes up to the end: below it.
    expect_range(place_dtb(ram_of(4 * kMiB), at(0x40200000, 2 * kMiB), KernelKind::Image, {}, kDtb), kRamBase,
                 kDtb);
    // Almost: as high as possible.
    expect_range(place_dtb(ram_of(4 * kMiB), at(0x40000000, 4 * kMiB - kDtb), KernelKind::Image, {}, kDtb),
                 kRamBase + 4 * kMiB - kDtb, kDtb);
    EXPECT_EQ(
        error_of(
            place_dtb(ram_of(4 * kMiB), at(0x40000000, 4 * kMiB - kDtb + 1), KernelKind::Image, {}, kDtb)),
        "no room for a device tree of 64 KiB in 4 MiB of memory beside the kernel (4033 KiB at 0x40000000)");
}

// Whatever is accepted must be inside RAM, disjoint and aligned.
TEST(Placement, NeverOverlaps) {
    u64 seed = 1;
    const auto random = [&](u64 below) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        return (seed >> 16) % below;
    };
    unsigned placed = 0;
    for (unsigned i = 0; i < 200'000; ++i) {
        const auto ram = ram_of((1 + random(64)) * kMiB);
        const u64 offset = random(2) ? 2 * kMiB : 0x80000;
        if (offset >= ram.size) continue;
        const auto kernel = at(kRamBase + offset, 1 + random(ram.size - offset));
        const u64 dtb_bytes = 1 + random(2 * kMiB);
        const auto kind = random(2) ? KernelKind::Image : KernelKind::Elf;
        std::optional<mem::GpaRange> initrd;
        if (random(2)) {
            const auto result = place_initrd(ram, kernel, 1 + random(ram.size), dtb_bytes);
            if (!result) continue;
            initrd = *result;
            ASSERT_TRUE(ram.contains(initrd->base, initrd->size));
            ASSERT_FALSE(initrd->overlaps(kernel));
            ASSERT_EQ(initrd->base.value % 4096, 0u);
        }
        const auto dtb = place_dtb(ram, kernel, kind, initrd, dtb_bytes);
        ASSERT_TRUE(dtb || !initrd) << "place_initrd() left no room: " << error_of(dtb);
        if (!dtb) continue;
        ++placed;
        ASSERT_TRUE(ram.contains(dtb->base, dtb->size));
        ASSERT_FALSE(dtb->overlaps(kernel));
        ASSERT_FALSE(initrd && dtb->overlaps(*initrd));
        ASSERT_EQ(dtb->base.value % 8, 0u);
    }
    EXPECT_GT(placed, 50'000u);
}

}  // namespace
}  // namespace trapeze::boot
