// 5.2.4 "Device configuration layout" and 5.2.6 "Device Operation": the structures of a block device. All
// fields are little-endian.
#pragma once

#include <cstddef>

#include "trapeze/base/types.h"

namespace trapeze::virtio::block {

namespace feature {
inline constexpr u64 kSegMax = 1ull << 2;
inline constexpr u64 kReadOnly = 1ull << 5;
inline constexpr u64 kBlkSize = 1ull << 6;
inline constexpr u64 kFlush = 1ull << 9;
inline constexpr u64 kTopology = 1ull << 10;
inline constexpr u64 kConfigWce = 1ull << 11;
inline constexpr u64 kMultiQueue = 1ull << 12;
inline constexpr u64 kDiscard = 1ull << 13;
inline constexpr u64 kWriteZeroes = 1ull << 14;
}  // namespace feature

struct Config {
    u64 capacity;  // sectors
    u32 size_max;
    u32 seg_max;
    u16 cylinders;
    u8 heads;
    u8 sectors;
    u32 blk_size;
    u8 physical_block_exp;
    u8 alignment_offset;
    u16 min_io_size;
    u32 opt_io_size;
    u8 writeback;
    u8 unused0;
    u16 num_queues;
    u32 max_discard_sectors;
    u32 max_discard_seg;
    u32 discard_sector_alignment;
    u32 max_write_zeroes_sectors;
    u32 max_write_zeroes_seg;
    u8 write_zeroes_may_unmap;
    u8 unused1[3];
};
static_assert(offsetof(Config, writeback) == 32 && offsetof(Config, max_discard_sectors) == 36 &&
              offsetof(Config, write_zeroes_may_unmap) == 56);

inline constexpr u64 kSector = 512;

enum Type : u32 {
    kIn = 0,
    kOut = 1,
    kFlushRequest = 4,
    kGetId = 8,
    kDiscardRequest = 11,
    kWriteZeroesRequest = 13
};

struct Header {
    u32 type;
    u32 reserved;
    u64 sector;
};

// Of Discard and WriteZeroes requests.
struct Range {
    u64 sector;
    u32 sectors;
    u32 flags;
};
inline constexpr u32 kUnmap = 1;

enum Status : u8 { kOk = 0, kIoError = 1, kUnsupported = 2 };

inline constexpr std::size_t kIdBytes = 20;

// What one request may ask for.
inline constexpr u32 kMostRanges = 16;
inline constexpr u32 kMostRangeSectors = 1u << 22;  // 2 GiB

}  // namespace trapeze::virtio::block
