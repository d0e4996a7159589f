#include "qcow2_cluster.h"

#include <zlib.h>
#include <zstd.h>

namespace trapeze::storage {
namespace {

// RFC 1951, without a header. QEMU writes with a window of 4 KiB and others with more.
constexpr int kRawDeflate = -15;

bool inflate_cluster(std::span<const u8> from, std::span<u8> to) {
    z_stream stream{};
    stream.next_in = const_cast<Bytef*>(from.data());  // zlib does not write to it
    stream.avail_in = static_cast<uInt>(from.size());
    stream.next_out = to.data();
    stream.avail_out = static_cast<uInt>(to.size());
    if (inflateInit2(&stream, kRawDeflate) != Z_OK) return false;
    const int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    // Z_BUF_ERROR: there is room for no more, and the data ends later or not at all.
    return stream.avail_out == 0 && (status == Z_STREAM_END || status == Z_BUF_ERROR || status == Z_OK);
}

// RFC 8878. One frame at once: its window is `to`, and needs no memory of its own, whatever it demands.
bool zstd_cluster(std::span<const u8> from, std::span<u8> to) {
    const size_t frame = ZSTD_findFrameCompressedSize(from.data(), from.size());
    if (ZSTD_isError(frame) != 0) return false;
    return ZSTD_decompress(to.data(), to.size(), from.data(), frame) == to.size();
}

}  // namespace

bool decompress_cluster(Qcow2Compression compression, std::span<const u8> from, std::span<u8> to) {
    return compression == Qcow2Compression::Zstd ? zstd_cluster(from, to) : inflate_cluster(from, to);
}

}  // namespace trapeze::storage
