// Streaming decompression with nothing unbounded: input is read in small pieces, and output goes only where
// and as far as the caller asks, so that a kernel is unpacked straight into guest memory and a bomb stops at
// the caller's limit.
#pragma once

#include <memory>
#include <span>

#include "byte_source.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::boot {

enum class Codec : u8 { Gzip, Zstd };

// Part of a source: offset + size <= source.size().
struct ByteRange {
    u64 offset = 0;
    u64 size = 0;
};

class Decompressor {
public:
    virtual ~Decompressor() = default;

    // Produces the next to.size() bytes; fewer only at the end of the data, which must be complete and, where
    // the format has a checksum, intact. `source` of open() must still exist.
    virtual Result<size_t> read(std::span<u8> to) = 0;

    // Fails unless the data ends here.
    Result<> expect_end(u64 limit);
};

// Bytes after the last gzip member or zstd frame are ignored: signatures, padding, the size that kernel
// builds append to zstd data.
Result<std::unique_ptr<Decompressor>> open_decompressor(Codec codec, const ByteSource& source,
                                                        ByteRange range);

// All of the decompressed data, or an error when there are more than `limit` bytes.
Result<std::vector<u8>> decompress_all(Codec codec, const ByteSource& source, ByteRange range, u64 limit);

// The number of decompressed bytes, or an error when there are more than `limit`.
Result<u64> decompressed_size(Codec codec, const ByteSource& source, ByteRange range, u64 limit);

}  // namespace trapeze::boot
