#include "qcow2_header.h"

#include <algorithm>

#include "big_endian.h"
#include "trapeze/base/bits.h"

namespace trapeze::storage {
namespace {

constexpr u8 kMagic[] = {'Q', 'F', 'I', 0xfb};

// Where the fields are.
constexpr std::size_t kVersion = 4, kBackingOffset = 8, kBackingBytes = 16, kClusterBits = 20, kSize = 24,
                      kCryptMethod = 32, kL1Entries = 36, kL1Offset = 40, kVersion2Bytes = 72,
                      kIncompatible = 72, kHeaderBytes = 100, kVersion3Bytes = 104, kCompressionType = 104;

// Incompatible features. A dirty image has reference counts that may be wrong, which reading does not need.
constexpr u64 kDirty = bit(0), kCorrupt = bit(1), kDataFile = bit(2), kCompression = bit(3),
              kExtendedL2 = bit(4);

constexpr u64 kMostBackingName = 1023;
constexpr u64 kMostL1Bytes = 32 << 20;  // QEMU's limit
constexpr u32 kExtendedL2LeastClusterBits = 14;

constexpr u32 kEndOfExtensions = 0, kBackingFormat = 0xe2792aca;

Result<> check_features(u64 incompatible) {
    if ((incompatible & kDataFile) != 0)
        return fail(
            "its data is in another file (qcow2 feature 'external data file'), which is not supported");
    const u64 unknown = incompatible & ~(kDirty | kCorrupt | kCompression | kExtendedL2);
    if (unknown != 0) return fail("it has qcow2 features that are not known here (bits {:#x})", unknown);
    return {};
}

Result<> read_features(Qcow2Header& header, std::span<const u8> first, u64 header_bytes) {
    const u64 incompatible = be64(first, kIncompatible);
    TRY(check_features(incompatible));
    header.corrupt = (incompatible & kCorrupt) != 0;
    header.extended_l2 = (incompatible & kExtendedL2) != 0;
    if (header.extended_l2 && header.cluster_bits < kExtendedL2LeastClusterBits)
        return fail("its clusters are too small for extended L2 entries");
    if ((incompatible & kCompression) == 0) return {};
    const u8 type = header_bytes > kCompressionType ? first[kCompressionType] : 0;
    if (type != 1) return fail("its compression type {} is not known (zlib and zstd are)", type);
    header.compression = Qcow2Compression::Zstd;
    return {};
}

// The name of the backing file's format, or nothing.
Result<std::optional<std::string>> find_backing_format(std::span<const u8> cluster, u64 begin, u64 end) {
    for (u64 at = begin; at + 8 <= end;) {
        const u32 type = be32(cluster, at);
        const u64 bytes = be32(cluster, at + 4);
        at += 8;
        if (type == kEndOfExtensions) break;
        if (bytes > end - at) return fail("a header extension is longer than the header's cluster");
        if (type == kBackingFormat) {
            const auto text = cluster.subspan(at, bytes);
            return std::string(text.begin(), text.end());
        }
        at = align_up(at + bytes, 8);
    }
    return std::nullopt;
}

Result<> read_backing(Qcow2Header& header, std::span<const u8> cluster, u64 header_bytes) {
    const u64 offset = be64(cluster, kBackingOffset);
    const u64 bytes = be32(cluster, kBackingBytes);
    if (offset == 0) return {};
    if (offset > cluster.size() || bytes > cluster.size() - offset || bytes > kMostBackingName)
        return fail("the name of its backing file is not within the header's cluster");
    const auto name = cluster.subspan(offset, bytes);
    if (name.empty()) return {};
    if (std::ranges::find(name, 0) != name.end()) return fail("the name of its backing file has a zero byte");
    Qcow2Backing backing{.name = std::string(name.begin(), name.end()), .format = std::nullopt};
    const u64 end = offset < header_bytes ? cluster.size() : offset;
    const auto format = TRY(find_backing_format(cluster, header_bytes, end));
    if (format == "raw" || format == "file" || format == "host_device") {
        backing.format = ImageFormat::Raw;
    } else if (format == "qcow2") {
        backing.format = ImageFormat::Qcow2;
    } else if (format && !format->empty()) {
        return fail("the format of its backing file is neither raw nor qcow2");
    }
    header.backing = std::move(backing);
    return {};
}

Result<> read_l1(Qcow2Header& header, std::span<const u8> first, u64 file_bytes) {
    header.l1_offset = be64(first, kL1Offset);
    header.l1_entries = be32(first, kL1Entries);
    const u64 bytes = header.l1_entries * 8;
    if (bytes > kMostL1Bytes) return fail("its L1 table is larger than 32 MiB");
    if (header.l1_offset % header.cluster_bytes() != 0) return fail("its L1 table is not at a cluster");
    if (header.l1_offset > file_bytes || bytes > file_bytes - header.l1_offset)
        return fail("its L1 table is not within the file, which may be cut off");
    const unsigned covered_bits = header.cluster_bits + header.l2_bits();  // by an entry; at most 39
    if ((header.bytes + low_mask(covered_bits)) >> covered_bits > header.l1_entries)
        return fail("its L1 table is too small for the disk");
    return {};
}

}  // namespace

bool is_qcow2(std::span<const u8> first_bytes) {
    return first_bytes.size() >= sizeof kMagic &&
           std::ranges::equal(first_bytes.first(sizeof kMagic), kMagic);
}

Result<Qcow2Header> parse_qcow2_header(std::span<const u8> first, u64 file_bytes) {
    if (!is_qcow2(first)) return fail("it is not a qcow2 image");
    if (first.size() < kVersion2Bytes) return fail("it is cut off within the header");
    Qcow2Header header;
    header.version = be32(first, kVersion);
    if (header.version != 2 && header.version != 3)
        return fail("its version of the format is {} (2 and 3 are supported)", header.version);
    header.cluster_bits = be32(first, kClusterBits);
    if (header.cluster_bits < kLeastClusterBits || header.cluster_bits > kMostClusterBits)
        return fail("the size of its clusters is not 512 bytes to 2 MiB");
    if (be32(first, kCryptMethod) != 0) return fail("it is encrypted, which is not supported");
    header.bytes = be64(first, kSize);
    if (header.bytes > kMostQcow2Bytes) return fail("its disk is larger than 64 TiB");

    const auto cluster = first.first(std::min<u64>(first.size(), header.cluster_bytes()));
    u64 header_bytes = kVersion2Bytes;
    if (header.version == 3) {
        if (cluster.size() < kVersion3Bytes) return fail("it is cut off within the header");
        header_bytes = be32(first, kHeaderBytes);
        if (header_bytes < kVersion3Bytes || header_bytes > cluster.size())
            return fail("its header has an impossible length");
        TRY(read_features(header, first, header_bytes));
    }
    TRY(read_l1(header, first, file_bytes));
    TRY(read_backing(header, cluster, header_bytes));
    return header;
}

}  // namespace trapeze::storage
