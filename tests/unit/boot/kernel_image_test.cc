#include "kernel_image.h"

#include <gtest/gtest.h>

#include "images.h"

namespace trapeze::boot {
namespace {

using namespace test;

Result<KernelImage> inspect(const Bytes& file, u64 ram_bytes = 64 * kMiB) {
    return inspect_kernel(MemorySource(file), ram_of(ram_bytes));
}

// Inspects and loads `file` into 64 MiB that are full of 0xcc; returns `bytes` from `address` on.
Bytes load(const Bytes& file, u64 address, size_t bytes) {
    static mem::GuestMemory& memory = *new mem::GuestMemory;
    if (memory.regions().empty()) {
        EXPECT_TRUE(memory.add_ram(ram_of(64 * kMiB)));
    }
    const auto image = inspect(file);
    EXPECT_TRUE(image) << error_of(image);
    Bytes loaded(bytes);
    if (!image) return loaded;
    EXPECT_TRUE(memory.write(image->extent.base, Bytes(image->extent.size, 0xcc)));
    const auto written = write_kernel(*image, MemorySource(file), memory);
    EXPECT_TRUE(written) << error_of(written);
    EXPECT_TRUE(memory.read(mem::Gpa{address}, loaded));
    return loaded;
}

void expect_place(const Result<KernelImage>& image, KernelKind kind, u64 base, u64 size) {
    ASSERT_TRUE(image) << error_of(image);
    EXPECT_EQ(image->kind, kind);
    EXPECT_EQ(image->entry.value, base);
    EXPECT_EQ(image->extent.base.value, base);
    EXPECT_EQ(image->extent.size, size);
}

TEST(Image, GoesToItsTextOffset) {
    expect_place(inspect(arm64_image(0x80000, 3 * kMiB, kMiB)), KernelKind::Image, 0x40080000, 3 * kMiB);
    // As QEMU: offset 0 would be where its boot code is.
    expect_place(inspect(arm64_image(0, 3 * kMiB, kMiB)), KernelKind::Image, 0x40200000, 3 * kMiB);
    expect_place(inspect(arm64_image(0x1000, 3 * kMiB, kMiB)), KernelKind::Image, 0x40001000, 3 * kMiB);
}

TEST(Image, CountsFromATwoMiBBoundary) {
    const mem::GpaRange ram{mem::Gpa{0x40010000}, 64 * kMiB};
    const auto image = inspect_kernel(MemorySource(arm64_image(0x80000, kMiB, kMiB)), ram);
    expect_place(image, KernelKind::Image, 0x40280000, kMiB);
}

// Linux booting.rst: "Where image_size is zero, text_offset can be assumed to be 0x80000."
TEST(Image, WithoutSizeIsAnOldKernel) {
    expect_place(inspect(arm64_image(0x0000080000000000, 0, kMiB)), KernelKind::Image, 0x40080000, kMiB);
    expect_place(inspect(gzip(arm64_image(0, 0, kMiB))), KernelKind::Image, 0x40080000, kMiB);
}

TEST(Image, KeepsRoomForWhicheverIsLargerFileOrImageSize) {
    expect_place(inspect(arm64_image(0x80000, 1000, kMiB)), KernelKind::Image, 0x40080000, kMiB);
}

TEST(Image, RefusesWhatDoesNotFit) {
    EXPECT_EQ(error_of(inspect(arm64_image(0, 63 * kMiB, kMiB))),
              "it needs 63 MiB of memory from 0x40200000 on, but guest memory is 64 MiB at 0x40000000");
    EXPECT_TRUE(inspect(arm64_image(0, 62 * kMiB, kMiB)));
    EXPECT_EQ(error_of(inspect(arm64_image(0x80000, ~u64{0}, kMiB))),
              "it needs 16384 PiB of memory from 0x40080000 on, but guest memory is 64 MiB at 0x40000000");
    EXPECT_NE(error_of(inspect(arm64_image(0xfffffffffffff000, kMiB, kMiB))), "");
    EXPECT_NE(error_of(inspect(arm64_image(0, 2 * kMiB, kMiB), kMiB)), "");
    EXPECT_NE(error_of(inspect(gzip(arm64_image(0, ~u64{0}, kMiB)))), "");
    EXPECT_EQ(error_of(inspect(arm64_image(0x80002, kMiB, kMiB))),
              "the text offset 0x80002 in its header is not a multiple of 4");
}

// A PE header whose only section ends at `end_of_file`.
Bytes image_with_sections(u32 end_of_file, size_t size) {
    Bytes bytes = arm64_image(0, 2 * kMiB, size);
    store<u32>(bytes, 60, 64);
    store_text(bytes, 64, std::string_view("PE\0\0", 4));
    store<u16>(bytes, 64 + 6, 1);
    store<u16>(bytes, 64 + 20, 160);
    store<u32>(bytes, 64 + 24 + 160 + 16, end_of_file - 0x10000);
    store<u32>(bytes, 64 + 24 + 160 + 20, 0x10000);
    return bytes;
}

TEST(Image, RefusesATruncatedFile) {
    EXPECT_TRUE(inspect(image_with_sections(kMiB, kMiB)));
    EXPECT_TRUE(inspect(image_with_sections(kMiB + 65536, kMiB)));
    EXPECT_EQ(error_of(inspect(image_with_sections(kMiB, 512 << 10))),
              "the file is truncated: it has 512 KiB of 1 MiB");
}

TEST(Image, ComesThroughEveryWrappingUnharmed) {
    const Bytes plain = arm64_image(0, 2 * kMiB, kMiB + 3);
    for (const Bytes& file :
         {plain, gzip(plain), zstd(plain), zboot("gzip", gzip(plain)), zboot("zstd", zstd(plain))}) {
        expect_place(inspect(file), KernelKind::Image, 0x40200000, 2 * kMiB);
        EXPECT_EQ(load(file, 0x40200000, plain.size()), plain);
    }
}

TEST(Image, ExactlyAsLargeAsItsHeaderSays) {
    const Bytes plain = arm64_image(0, kMiB, kMiB);  // as builds pad the payload of a zboot image
    EXPECT_EQ(load(zboot("zstd", zstd(plain)), 0x40200000, plain.size()), plain);
    EXPECT_EQ(load(gzip(plain), 0x40200000, plain.size()), plain);
}

TEST(Image, ThatUnpacksToMoreThanItsHeaderSaysIsRefusedWhenWritten) {
    const Bytes file = gzip(arm64_image(0, kMiB, kMiB + 1));
    const auto image = inspect(file);
    ASSERT_TRUE(image);
    mem::GuestMemory memory;
    ASSERT_TRUE(memory.add_ram(ram_of(64 * kMiB)));
    EXPECT_EQ(error_of(write_kernel(*image, MemorySource(file), memory)),
              "it decompresses to more than 1 MiB");
    Bytes behind(kMiB);
    ASSERT_TRUE(memory.read(mem::Gpa{0x40300000}, behind));
    EXPECT_EQ(behind, Bytes(kMiB));
}

TEST(Zboot, RefusesWhatItCannotUnpack) {
    const Bytes plain = arm64_image(0, kMiB, kMiB);
    EXPECT_EQ(error_of(inspect(zboot("xzkern", plain))),
              "its EFI zboot compression xzkern is not supported (gzip and zstd are)");
    EXPECT_EQ(error_of(inspect(zboot("\x1b[2J", plain))),
              "its EFI zboot compression is not supported (gzip and zstd are)");
    EXPECT_EQ(error_of(inspect(zboot("", plain))),
              "its EFI zboot compression is not supported (gzip and zstd are)");

    Bytes cut = zboot("gzip", gzip(plain));
    cut.resize(cut.size() / 2);
    EXPECT_TRUE(error_of(inspect(cut)).starts_with("the file is truncated: it has "))
        << error_of(inspect(cut));
    cut.resize(40);
    EXPECT_EQ(error_of(inspect(cut)), "its EFI zboot header is truncated");

    Bytes lie = zboot("gzip", gzip(plain));
    store<u32>(lie, 8, 0xffffffff);
    store<u32>(lie, 12, 0xffffffff);
    EXPECT_TRUE(error_of(inspect(lie)).starts_with("the file is truncated")) << error_of(inspect(lie));
    store<u32>(lie, 8, 0x1000);
    store<u32>(lie, 12, 0);
    EXPECT_EQ(error_of(inspect(lie)), "its compressed data are truncated");
    EXPECT_EQ(error_of(inspect(zboot("gzip", plain))),
              "its compressed data are corrupt (incorrect header check)");
}

TEST(Flat, GoesWhereQemuPutsIt) {
    Bytes program = noise(5000);
    store<u32>(program, 0, 0xd503205f);  // wfe
    expect_place(inspect(program), KernelKind::Flat, 0x40080000, 5000);
    expect_place(inspect(gzip(program)), KernelKind::Flat, 0x40080000, 5000);
    EXPECT_EQ(load(program, 0x40080000, 5000), program);
    EXPECT_EQ(load(gzip(program), 0x40080000, 5000), program);
    const Bytes smallest(program.begin(), program.begin() + 4);
    EXPECT_EQ(load(smallest, 0x40080000, 4), smallest);
    EXPECT_EQ(error_of(inspect(program, 512 << 10)),
              "it needs 5000 bytes of memory from 0x40080000 on, but guest memory is 512 KiB at 0x40000000");
}

TEST(Flat, IsBoundedWhenCompressed) {
    Bytes program(65 * kMiB);
    store<u32>(program, 0, 0xd503205f);
    EXPECT_EQ(error_of(inspect(gzip(program))), "it decompresses to more than 64 MiB");
    program.resize(257 * kMiB);
    EXPECT_EQ(error_of(inspect(zstd(program), kGiB)), "it decompresses to more than 256 MiB");
}

TEST(Flat, IsNotWhatObviouslyIsSomethingElse) {
    const auto begins_with = [](std::string_view magic, size_t offset = 0) {
        Bytes file = noise(8192);
        store_text(file, offset, magic);
        return error_of(inspect(file));
    };
    EXPECT_EQ(begins_with("HdrS", 0x202), "it is a kernel for x86");
    EXPECT_EQ(begins_with("MZ"), "it is an EFI program without the header of an arm64 Image");
    EXPECT_EQ(begins_with("\x27\x05\x19\x56"), "it is a U-Boot uImage; use the Image inside");
    EXPECT_EQ(begins_with("\xd0\x0d\xfe\xed"), "it is a device tree or FIT image, not a kernel");
    EXPECT_EQ(begins_with(std::string_view("\xfd"
                                           "7zXZ\0",
                                           6)),
              "its compression, xz, is not supported (gzip and zstd are)");
    EXPECT_EQ(begins_with("BZh9"), "its compression, bzip2, is not supported (gzip and zstd are)");
    EXPECT_EQ(begins_with("\x02\x21\x4c\x18"), "its compression, lz4, is not supported (gzip and zstd are)");
    EXPECT_EQ(begins_with(std::string_view("\0\0\0\0", 4)), "it is not in a known format and not a program");
    const std::string text = "#!/bin/sh\necho this is not the kernel you are looking for\n";
    EXPECT_EQ(error_of(inspect(Bytes(text.begin(), text.end()))), "it is a text file, not a kernel");
    EXPECT_EQ(error_of(inspect({0x1f, 0x20, 0x03})), "it is not in a known format and not a program");
    EXPECT_EQ(error_of(inspect(gzip(gzip(arm64_image(0, kMiB, kMiB))))), "it is compressed more than once");
    EXPECT_EQ(error_of(inspect(gzip({}))), "it is a text file, not a kernel");
}

// Code at RAM + 1 MiB with .bss, data at RAM + 4 MiB; linked for high addresses.
const std::vector<ElfSegment> kTwoSegments = {
    {0xffff000000100000, 0x40100000, 0x1000, 0x3000, 0x8000},
    {0xffff000000400000, 0x40400000, 0x5000, 0x100, 0x100},
};

TEST(Elf, GoesToItsPhysicalAddresses) {
    const Bytes file = elf(0xffff000000100040, kTwoSegments, 0x6000);
    for (const Bytes& form : {file, gzip(file), zstd(file)}) {
        const auto image = inspect(form);
        ASSERT_TRUE(image) << error_of(image);
        EXPECT_EQ(image->kind, KernelKind::Elf);
        EXPECT_EQ(image->entry.value, 0x40100040u);
        EXPECT_EQ(image->extent.base.value, 0x40100000u);
        EXPECT_EQ(image->extent.end().value, 0x40400100u);
        Bytes expected(file.begin() + 0x1000, file.begin() + 0x4000);
        expected.resize(0x8000);                           // .bss is zero
        expected.insert(expected.end(), 0x100, u8{0xcc});  // what lies between segments is left alone
        EXPECT_EQ(load(form, 0x40100000, 0x8100), expected);
        EXPECT_EQ(load(form, 0x40400000, 0x100), Bytes(file.begin() + 0x5000, file.begin() + 0x5100));
    }
}

TEST(Elf, MayHaveItsSegmentsInAnyOrder) {
    const Bytes file = elf(0xffff000000100040, {kTwoSegments[1], kTwoSegments[0]}, 0x6000);
    const auto image = inspect(file);
    ASSERT_TRUE(image) << error_of(image);
    EXPECT_EQ(image->extent.base.value, 0x40100000u);
    EXPECT_EQ(image->entry.value, 0x40100040u);
}

TEST(Elf, IsForThisArchitecture) {
    const Bytes good = elf(0xffff000000100040, kTwoSegments, 0x6000);
    ASSERT_TRUE(inspect(good));
    const auto with_byte = [&](size_t offset, u8 value) {
        Bytes bad = good;
        bad[offset] = value;
        return error_of(inspect(bad));
    };
    EXPECT_EQ(with_byte(4, 1), "it is an ELF file, but not for little-endian 64-bit Arm");    // 32-bit
    EXPECT_EQ(with_byte(5, 2), "it is an ELF file, but not for little-endian 64-bit Arm");    // big-endian
    EXPECT_EQ(with_byte(18, 62), "it is an ELF file, but not for little-endian 64-bit Arm");  // x86-64
    EXPECT_EQ(with_byte(16, 1), "it is an ELF file, but not a program");                      // .o
    EXPECT_EQ(with_byte(16, 3), "");                                                          // ET_DYN
    EXPECT_EQ(with_byte(54, 55), "its ELF program header table is not valid");
    EXPECT_EQ(with_byte(56, 0), "its ELF program header table is not valid");
    EXPECT_EQ(with_byte(57, 0xff), "its ELF program header table is not valid");
    EXPECT_EQ(with_byte(39, 0xff), "its ELF program header table lies outside the file");
    EXPECT_EQ(with_byte(33, 0x60), "its ELF program header table lies outside the file");
    EXPECT_EQ(error_of(inspect(Bytes(good.begin(), good.begin() + 63))), "its ELF header is truncated");
    EXPECT_EQ(error_of(inspect(Bytes(good.begin(), good.begin() + 100))),
              "its ELF program header table lies outside the file");
    EXPECT_EQ(error_of(inspect(Bytes(good.begin(), good.begin() + 0x2000))),
              "ELF segment 0 lies outside the file");
}

TEST(Elf, SegmentsMustMakeSense) {
    const auto with = [](const ElfSegment& second, u64 entry = 0x40100000) {
        return error_of(
            inspect(elf(entry, {{0x40100000, 0x40100000, 0x1000, 0x1000, 0x1000}, second}, 0x3000)));
    };
    EXPECT_EQ(with({0, 0x40101000, 0x2000, 0x1000, 0x1000}), "");
    EXPECT_EQ(with({0, 0x40100fff, 0x2000, 0x1000, 0x1000}), "two of its ELF segments overlap at 0x40100fff");
    EXPECT_EQ(with({0, 0x400ff001, 0x2000, 0x1000, 0x1000}), "two of its ELF segments overlap at 0x40100000");
    EXPECT_EQ(with({0, 0x40200000, 0x2000, 0x1000, 0xfff}),
              "ELF segment 1 has more bytes in the file than in memory");
    EXPECT_EQ(with({0, 0x40200000, 0x2001, 0x1000, 0x1000}), "ELF segment 1 lies outside the file");
    EXPECT_EQ(with({0, 0x40200000, ~u64{0}, 0x1000, 0x1000}), "ELF segment 1 lies outside the file");
    EXPECT_EQ(with({0, 0x40200000, 0x2000, ~u64{0}, ~u64{0}}), "ELF segment 1 lies outside the file");
    EXPECT_EQ(with({0, 0x3ffff000, 0x2000, 0x1000, 0x1000}),
              "ELF segment 1 (4 KiB at 0x3ffff000) lies outside guest memory (64 MiB at 0x40000000)");
    EXPECT_EQ(with({0, 0x40200000, 0x2000, 0x1000, ~u64{0} - 0x1000}),
              "ELF segment 1 (16384 PiB at 0x40200000) lies outside guest memory (64 MiB at 0x40000000)");
    EXPECT_EQ(with({0, 0x43fff000, 0x2000, 0x1000, 0x1001}),
              "ELF segment 1 (4097 bytes at 0x43fff000) lies outside guest memory (64 MiB at 0x40000000)");
    EXPECT_EQ(with({0, 0xffff800080000000, 0x2000, 0x1000, 0x1000}),
              "ELF segment 1 (4 KiB at 0xffff800080000000) lies outside guest memory (64 MiB at 0x40000000); "
              "to boot "
              "Linux, use its Image");
    EXPECT_EQ(with({0, 0x40200000, 0x2000, 0, 0}), "");
    EXPECT_EQ(with({0x40200000, 0x40200000, 0x2000, 4, 4}, 0x40200004),
              "its ELF entry point 0x40200004 lies in none of its segments");
    EXPECT_EQ(with({0x40200000, 0x40200000, 0x2000, 4, 4}, 0x40200002),
              "its ELF entry point 0x40200002 is not a multiple of 4");
    EXPECT_EQ(error_of(inspect(elf(0, {{0, 0, 0, 0, 0}}, 0x1000))), "it is an ELF file with nothing to load");
}

// Flips bytes of valid files: every outcome but a crash, or a write outside the guest's memory, is fine.
TEST(Corruption, NeverCrashes) {
    const Bytes plain = arm64_image(0, 40'000, 30'000);
    const std::vector<Bytes> seeds = {plain,
                                      image_with_sections(30'000, 20'000),
                                      gzip(plain),
                                      zstd(plain),
                                      zboot("gzip", gzip(plain)),
                                      zboot("zstd", zstd(plain)),
                                      elf(0xffff000000100040, kTwoSegments, 0x6000),
                                      gzip(elf(0xffff000000100040, kTwoSegments, 0x6000))};
    mem::GuestMemory memory;
    ASSERT_TRUE(memory.add_ram(ram_of(8 * kMiB)));
    u64 state = 1;
    const auto random = [&](u64 below) {
        state = state * 6364136223846793005 + 1442695040888963407;
        return (state >> 16) % below;
    };
    unsigned accepted = 0, refused = 0;
    for (unsigned i = 0; i < 10'000; ++i) {
        Bytes file = seeds[i % seeds.size()];
        for (u64 flips = 1 + random(4); flips > 0; --flips) {
            // Mostly in the headers.
            const size_t where = random(4) != 0 ? random(256) : random(file.size());
            file[where] = random(3) == 0 ? static_cast<u8>(random(2) * 0xff) : static_cast<u8>(random(256));
        }
        if (random(8) == 0) file.resize(random(file.size()));
        const MemorySource source(file);
        const auto image = inspect_kernel(source, ram_of(8 * kMiB));
        const bool loaded = image && write_kernel(*image, source, memory);
        if (image) {
            ASSERT_TRUE(memory.contains(image->extent.base, image->extent.size));
            ASSERT_TRUE(image->extent.contains(image->entry));
        }
        ++(loaded ? accepted : refused);
    }
    EXPECT_GT(accepted, 100u);
    EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace trapeze::boot
