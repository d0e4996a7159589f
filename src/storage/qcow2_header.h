// The header of a qcow2 image: QEMU, docs/interop/qcow2, "Header" and "Header extensions".
#pragma once

#include <optional>
#include <span>
#include <string>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/storage/disk.h"

namespace trapeze::storage {

enum class Qcow2Compression : u8 { Zlib, Zstd };

struct Qcow2Backing {
    std::string name;                   // as the image has it
    std::optional<ImageFormat> format;  // Raw or Qcow2; none if the image does not say
};

// What parse_qcow2_header() has checked: all that later arithmetic relies on.
struct Qcow2Header {
    u32 version = 0;       // 2 or 3
    u32 cluster_bits = 0;  // 9 to 21
    u64 bytes = 0;         // of the disk, at most kMostQcow2Bytes
    u64 l1_offset = 0;     // in the file, a multiple of the cluster size; the table lies within the file
    u64 l1_entries = 0;    // enough for `bytes`
    bool extended_l2 = false;
    bool corrupt = false;  // whoever wrote it has found that something in it is wrong
    Qcow2Compression compression = Qcow2Compression::Zlib;
    std::optional<Qcow2Backing> backing;

    u64 cluster_bytes() const { return u64{1} << cluster_bits; }
    u64 l2_entry_bytes() const { return extended_l2 ? 16 : 8; }
    unsigned l2_bits() const { return cluster_bits - (extended_l2 ? 4 : 3); }  // of an index in an L2 table
};

inline constexpr unsigned kLeastClusterBits = 9;
inline constexpr unsigned kMostClusterBits = 21;  // QEMU's limit, too
// A snapshot needs memory for a disk's size; this one's takes 32 MiB.
inline constexpr u64 kMostQcow2Bytes = u64{1} << 46;

bool is_qcow2(std::span<const u8> first_bytes);

// `first` are the file's first bytes, a cluster of the greatest size if it has as many; `file_bytes` is its
// length. The error says what is wrong, without the name of the file.
Result<Qcow2Header> parse_qcow2_header(std::span<const u8> first, u64 file_bytes);

}  // namespace trapeze::storage
