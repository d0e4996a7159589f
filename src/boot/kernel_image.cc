#include "kernel_image.h"

#include <algorithm>
#include <cstring>

#include "arm64_image.h"
#include "format_bytes.h"
#include "image_magic.h"
#include "trapeze/base/bits.h"

namespace trapeze::boot {
namespace {

constexpr u64 kHeadBytes = 4096;  // covers every header we look at

// Linux "Documentation/arch/arm64/booting.rst" section 4.
constexpr u64 kImageAlignment = 2 << 20;
// QEMU's virt keeps its own boot code in the first page of RAM and therefore moves kernels that ask for it
// (all since 5.8) up; so do we, for tools that know where QEMU puts a kernel.
constexpr u64 kReservedAtBase = 4 << 10;
// Where QEMU's virt loads files of no known format.
constexpr u64 kFlatOffset = 0x80000;

// Formats that would otherwise run as flat binaries.
struct Foreign {
    size_t offset;
    std::vector<u8> magic;
    const char* what;
};
const std::vector<Foreign>& foreign_formats() {
    static const std::vector<Foreign> formats = {
        {0x202, {'H', 'd', 'r', 'S'}, "it is a kernel for x86"},
        {0, {'M', 'Z'}, "it is an EFI program without the header of an arm64 Image"},
        {0, {0x27, 0x05, 0x19, 0x56}, "it is a U-Boot uImage; use the Image inside"},
        {0, {0xd0, 0x0d, 0xfe, 0xed}, "it is a device tree or FIT image, not a kernel"},
        {0, {0xfd, '7', 'z', 'X', 'Z', 0}, "its compression, xz, is not supported (gzip and zstd are)"},
        {0, {'B', 'Z', 'h'}, "its compression, bzip2, is not supported (gzip and zstd are)"},
        {0, {0x04, 0x22, 0x4d, 0x18}, "its compression, lz4, is not supported (gzip and zstd are)"},
        {0, {0x02, 0x21, 0x4c, 0x18}, "its compression, lz4, is not supported (gzip and zstd are)"},
        {0, {0x5d, 0, 0}, "its compression, lzma, is not supported (gzip and zstd are)"},
        {0, {0x89, 'L', 'Z', 'O'}, "its compression, lzo, is not supported (gzip and zstd are)"},
    };
    return formats;
}

// A flat binary has no header to check; refuse at least what cannot be one.
Result<> check_flat(std::span<const u8> head) {
    for (const Foreign& format : foreign_formats()) {
        if (has_magic(head, format.offset, format.magic)) return fail("{}", format.what);
    }
    if (has_magic(head, 0, kGzipMagic) || has_magic(head, 0, kZstdMagic)) {
        return fail("it is compressed more than once");
    }
    const auto text = head.first(std::min<size_t>(head.size(), 64));
    const bool all_text = std::all_of(text.begin(), text.end(), [](u8 c) {
        return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';
    });
    if (all_text) return fail("it is a text file, not a kernel");
    // The permanently undefined instruction: DDI0487 "UDF".
    if (head.size() < 4 || load_le<u32>(head, 0) == 0)
        return fail("it is not in a known format and not a program");
    return {};
}

Result<std::optional<Compression>> find_compression(std::span<const u8> head, u64 file_bytes) {
    if (const auto zboot = TRY(parse_zboot(head, file_bytes))) return Compression{zboot->codec, zboot->range};
    if (has_magic(head, 0, kGzipMagic)) return Compression{Codec::Gzip, {0, file_bytes}};
    if (has_magic(head, 0, kZstdMagic)) return Compression{Codec::Zstd, {0, file_bytes}};
    return std::nullopt;
}

Result<std::vector<u8>> decompressed_head(const Compression& compression, const ByteSource& file) {
    std::vector<u8> head(kHeadBytes);
    const auto decompressor = TRY(open_decompressor(compression.codec, file, compression.range));
    head.resize(TRY(decompressor->read(head)));
    return head;
}

u64 decompression_limit(mem::GpaRange ram) {
    return std::min(ram.size, kMostDecompressed);
}

// The number of bytes that a file without a size in its header occupies.
Result<u64> content_bytes(const KernelImage& image, const ByteSource& file, mem::GpaRange ram) {
    if (!image.compression) return file.size();
    return decompressed_size(image.compression->codec, file, image.compression->range,
                             decompression_limit(ram));
}

// Sets the one segment of an Image or flat binary: `file_bytes` (at most) at `offset` from the RAM's 2 MiB
// boundary, `needed` bytes in all.
Result<> place_at(KernelImage& image, mem::GpaRange ram, u64 offset, u64 file_bytes, u64 needed) {
    const u64 gap = align_up(ram.base.value, kImageAlignment) - ram.base.value;
    if (gap > ram.size || offset > ram.size - gap || needed > ram.size - gap - offset) {
        return fail("it needs {} of memory from {:#x} on, but guest memory is {} at {:#x}",
                    format_bytes(needed), ram.base.value + gap + offset, format_bytes(ram.size),
                    ram.base.value);
    }
    const mem::Gpa address = ram.base + gap + offset;
    image.segments = {{address, 0, file_bytes, 0}};
    image.extent = {address, needed};
    image.entry = address;
    return {};
}

Result<> inspect_image(KernelImage& image, const Arm64Image& header, std::span<const u8> head,
                       const ByteSource& file, mem::GpaRange ram) {
    image.kind = KernelKind::Image;
    u64 offset = header.text_offset;
    if (offset % 4 != 0) return fail("the text offset {:#x} in its header is not a multiple of 4", offset);
    if (offset < kReservedAtBase) offset += kImageAlignment;
    if (image.compression && header.image_size != 0) {
        // The data cannot have more than image_size bytes; write_kernel() checks.
        return place_at(image, ram, offset, header.image_size, header.image_size);
    }
    const u64 bytes = TRY(content_bytes(image, file, ram));
    if (!image.compression) TRY(check_not_truncated(head, bytes));
    return place_at(image, ram, offset, bytes, std::max(bytes, header.image_size));
}

Result<> inspect_elf(KernelImage& image, const ByteSource& file, mem::GpaRange ram) {
    image.kind = KernelKind::Elf;
    ElfImage elf;
    if (image.compression) {
        const MemorySource plain(TRY(decompress_all(image.compression->codec, file, image.compression->range,
                                                    decompression_limit(ram))));
        elf = TRY(parse_elf(plain, ram));
    } else {
        elf = TRY(parse_elf(file, ram));
    }
    const Segment& last = elf.segments.back();
    const mem::Gpa base = elf.segments.front().address;
    image.extent = {base, last.address - base + last.file_bytes + last.zero_bytes};
    image.segments = std::move(elf.segments);
    image.entry = elf.entry;
    return {};
}

// Zeroes without touching pages that are zero already, as all are at the first boot.
void zero(std::span<u8> bytes) {
    constexpr size_t kPage = 4096;
    static constexpr u8 kZeros[kPage] = {};
    while (!bytes.empty()) {
        const size_t step = std::min(bytes.size(), kPage);
        if (std::memcmp(bytes.data(), kZeros, step) != 0) std::memset(bytes.data(), 0, step);
        bytes = bytes.subspan(step);
    }
}

Result<std::span<u8>> guest_view(mem::GuestMemory& memory, mem::Gpa address, u64 bytes) {
    const std::span<u8> view = memory.view(address, bytes);
    if (view.size() != bytes)
        return fail("{} at {:#x} are not guest memory", format_bytes(bytes), address.value);
    return view;
}

Result<> copy_segments(const KernelImage& image, const ByteSource& file, mem::GuestMemory& memory) {
    for (const Segment& segment : image.segments) {
        const u64 bytes = segment.file_bytes + segment.zero_bytes;
        const std::span<u8> view = TRY(guest_view(memory, segment.address, bytes));
        if (segment.offset > file.size() || segment.file_bytes > file.size() - segment.offset) {
            return fail("the file became shorter while it was being read");
        }
        TRY(file.read(segment.offset, view.first(static_cast<size_t>(segment.file_bytes))));
        zero(view.subspan(static_cast<size_t>(segment.file_bytes)));
    }
    return {};
}

}  // namespace

Result<KernelImage> inspect_kernel(const ByteSource& file, mem::GpaRange ram) {
    std::vector<u8> head = TRY(file.head(kHeadBytes));
    KernelImage image;
    image.compression = TRY(find_compression(head, file.size()));
    if (image.compression) head = TRY(decompressed_head(*image.compression, file));
    if (const auto header = parse_arm64_image(head)) {
        TRY(inspect_image(image, *header, head, file, ram));
    } else if (has_magic(head, 0, kElfMagic)) {
        TRY(inspect_elf(image, file, ram));
    } else {
        TRY(check_flat(head));
        const u64 bytes = TRY(content_bytes(image, file, ram));
        TRY(place_at(image, ram, kFlatOffset, bytes, bytes));
    }
    return image;
}

Result<> write_kernel(const KernelImage& image, const ByteSource& file, mem::GuestMemory& memory) {
    if (!image.compression) return copy_segments(image, file, memory);
    const Compression& compression = *image.compression;
    if (image.kind == KernelKind::Elf) {
        const MemorySource plain(
            TRY(decompress_all(compression.codec, file, compression.range, kMostDecompressed)));
        return copy_segments(image, plain, memory);
    }
    const Segment& segment = image.segments.front();
    const auto decompressor = TRY(open_decompressor(compression.codec, file, compression.range));
    const std::span<u8> view = TRY(guest_view(memory, segment.address, segment.file_bytes));
    if (TRY(decompressor->read(view)) == view.size()) TRY(decompressor->expect_end(segment.file_bytes));
    return {};
}

}  // namespace trapeze::boot
