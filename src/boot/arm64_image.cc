#include "arm64_image.h"

#include <string_view>

#include "format_bytes.h"
#include "image_magic.h"

namespace trapeze::boot {
namespace {

// struct arm64_image_header
constexpr size_t kHeaderBytes = 64;
constexpr size_t kTextOffsetAt = 8;
constexpr size_t kImageSizeAt = 16;
constexpr size_t kMagicAt = 56;
constexpr size_t kPeHeaderAt = 60;
constexpr std::array<u8, 4> kArm64Magic = {'A', 'R', 'M', 0x64};
constexpr u64 kOldTextOffset = 0x80000;

// PE/COFF: signature, file header of 20 bytes, optional header, section table.
constexpr std::array<u8, 4> kPeSignature = {'P', 'E', 0, 0};
constexpr size_t kSectionCountAt = 6;
constexpr size_t kOptionalHeaderSizeAt = 20;
constexpr size_t kFileHeaderEnd = 24;
constexpr size_t kSectionEntryBytes = 40;
constexpr size_t kSectionRawSizeAt = 16;
constexpr size_t kSectionRawOffsetAt = 20;

// zboot-header.S
constexpr std::array<u8, 4> kZimgMagic = {'z', 'i', 'm', 'g'};
constexpr size_t kZimgAt = 4;
constexpr size_t kPayloadOffsetAt = 8;
constexpr size_t kPayloadSizeAt = 12;
constexpr size_t kCompressionAt = 24;
constexpr size_t kCompressionBytes = 32;

// One past the last byte of the file that a section of the PE header names; 0 without such a header.
u64 end_of_sections(std::span<const u8> head) {
    const u64 pe = load_le<u32>(head, kPeHeaderAt);
    if (pe == 0 || pe > head.size() || head.size() - pe < kFileHeaderEnd) return 0;
    const std::span<const u8> header = head.subspan(static_cast<size_t>(pe));
    if (!has_magic(header, 0, kPeSignature)) return 0;
    const unsigned count = load_le<u16>(header, kSectionCountAt);
    size_t at = kFileHeaderEnd + load_le<u16>(header, kOptionalHeaderSizeAt);
    u64 end = 0;
    for (unsigned i = 0; i < count && at + kSectionEntryBytes <= header.size();
         ++i, at += kSectionEntryBytes) {
        end = std::max(end, u64{load_le<u32>(header, at + kSectionRawOffsetAt)} +
                                load_le<u32>(header, at + kSectionRawSizeAt));
    }
    return end;
}

}  // namespace

std::optional<Arm64Image> parse_arm64_image(std::span<const u8> head) {
    if (head.size() < kHeaderBytes || !has_magic(head, kMagicAt, kArm64Magic)) return std::nullopt;
    Arm64Image image{load_le<u64>(head, kTextOffsetAt), load_le<u64>(head, kImageSizeAt)};
    // Before 3.17 the field had the kernel's own endianness, so that it cannot be trusted.
    if (image.image_size == 0) image.text_offset = kOldTextOffset;
    return image;
}

Result<> check_not_truncated(std::span<const u8> head, u64 file_bytes) {
    // Some linker scripts count alignment padding that objcopy then leaves out of the file.
    constexpr u64 kPadding = 64 << 10;
    const u64 end = end_of_sections(head);
    if (end > file_bytes + kPadding) {
        return fail("the file is truncated: it has {} of {}", format_bytes(file_bytes), format_bytes(end));
    }
    return {};
}

Result<std::optional<ZbootPayload>> parse_zboot(std::span<const u8> head, u64 file_bytes) {
    if (!has_magic(head, 0, kPeMagic) || !has_magic(head, kZimgAt, kZimgMagic)) return std::nullopt;
    if (head.size() < kCompressionAt + kCompressionBytes) return fail("its EFI zboot header is truncated");
    const ByteRange range{load_le<u32>(head, kPayloadOffsetAt), load_le<u32>(head, kPayloadSizeAt)};
    if (range.offset + range.size > file_bytes) {
        return fail("the file is truncated: it has {} of at least {}", format_bytes(file_bytes),
                    format_bytes(range.offset + range.size));
    }
    const std::span<const u8> field = head.subspan(kCompressionAt, kCompressionBytes);
    const auto terminator = std::find(field.begin(), field.end(), u8{0});
    const std::string_view name(reinterpret_cast<const char*>(field.data()),
                                static_cast<size_t>(terminator - field.begin()));
    if (name == "gzip") return ZbootPayload{Codec::Gzip, range};
    if (name == "zstd") return ZbootPayload{Codec::Zstd, range};
    const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
    return fail("its EFI zboot compression{}{} is not supported (gzip and zstd are)",
                printable && !name.empty() ? " " : "", printable ? name : "");
}

}  // namespace trapeze::boot
