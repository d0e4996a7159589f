#include "decompressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "format_bytes.h"
#include "image_magic.h"

namespace trapeze::boot {
namespace {

constexpr size_t kInputChunk = 64 << 10;

// The compressed side: hands out the range in chunks.
class Input {
public:
    Input(const ByteSource& source, ByteRange range)
        : source_(source), position_(range.offset), end_(range.offset + range.size), chunk_(kInputChunk) {}

    // The next bytes; empty at the end. Valid until the next call.
    Result<std::span<u8>> next() {
        const size_t bytes = static_cast<size_t>(std::min<u64>(chunk_.size(), end_ - position_));
        const std::span<u8> piece(chunk_.data(), bytes);
        TRY(source_.read(position_, piece));
        position_ += bytes;
        return piece;
    }

    // Whether the data that follows begin with `magic`, when `unused` bytes of the last chunk are still
    // unused.
    Result<bool> followed_by(size_t unused, std::span<const u8> magic) const {
        const u64 at = position_ - unused;
        if (end_ - at < magic.size()) return false;
        std::array<u8, 8> found{};
        TRY(source_.read(at, std::span(found).first(magic.size())));
        return std::equal(magic.begin(), magic.end(), found.begin());
    }

private:
    const ByteSource& source_;
    u64 position_;
    const u64 end_;
    std::vector<u8> chunk_;
};

std::unexpected<Error> truncated() {
    return fail("its compressed data are truncated");
}

std::unexpected<Error> corrupt(const char* detail) {
    return fail("its compressed data are corrupt ({})", detail);
}

// RFC 1952: one or more members, each with a CRC.
class GzipDecompressor final : public Decompressor {
public:
    GzipDecompressor(const ByteSource& source, ByteRange range) : input_(source, range) {}
    ~GzipDecompressor() override {
        if (ready_) inflateEnd(&stream_);
    }

    Result<> init() {
        constexpr int kLargestWindow = 15;
        constexpr int kGzipHeader = 16;
        if (inflateInit2(&stream_, kLargestWindow + kGzipHeader) != Z_OK)
            return fail("not enough memory for zlib");
        ready_ = true;
        return {};
    }

    Result<size_t> read(std::span<u8> to) override;

private:
    Result<> finish_member();

    Input input_;
    z_stream stream_{};
    bool ready_ = false;
    bool ended_ = false;
};

Result<size_t> GzipDecompressor::read(std::span<u8> to) {
    constexpr size_t kMostPerCall = 1u << 30;  // avail_out is 32 bits wide
    size_t done = 0;
    while (done < to.size() && !ended_) {
        if (stream_.avail_in == 0) {
            const std::span<u8> piece = TRY(input_.next());
            stream_.next_in = piece.data();
            stream_.avail_in = static_cast<uInt>(piece.size());
        }
        const size_t want = std::min(to.size() - done, kMostPerCall);
        const bool starved = stream_.avail_in == 0;
        stream_.next_out = to.data() + done;
        stream_.avail_out = static_cast<uInt>(want);
        const int status = inflate(&stream_, Z_NO_FLUSH);
        const size_t made = want - stream_.avail_out;
        done += made;
        if (status == Z_STREAM_END) {
            TRY(finish_member());
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return corrupt(stream_.msg != nullptr ? stream_.msg : zError(status));
        } else if (starved && made == 0) {
            return truncated();
        }
    }
    return done;
}

Result<> GzipDecompressor::finish_member() {
    ended_ = !TRY(input_.followed_by(stream_.avail_in, kGzipMagic));
    if (!ended_ && inflateReset(&stream_) != Z_OK) return corrupt("bad state");
    return {};
}

// RFC 8878: one or more frames, whose checksums are optional.
class ZstdDecompressor final : public Decompressor {
public:
    ZstdDecompressor(const ByteSource& source, ByteRange range) : input_(source, range) {}
    ~ZstdDecompressor() override { ZSTD_freeDCtx(context_); }

    Result<> init() {
        // What zstd's own strongest level (-22 --ultra), which kernel builds use, needs: 128 MiB. More is
        // refused.
        constexpr int kLargestWindowLog = 27;
        context_ = ZSTD_createDCtx();
        if (context_ == nullptr ||
            ZSTD_isError(ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kLargestWindowLog))) {
            return fail("not enough memory for zstd");
        }
        return {};
    }

    Result<size_t> read(std::span<u8> to) override;

private:
    Input input_;
    ZSTD_DCtx* context_ = nullptr;
    std::span<u8> piece_;
    bool ended_ = false;
};

Result<size_t> ZstdDecompressor::read(std::span<u8> to) {
    ZSTD_outBuffer out{to.data(), to.size(), 0};
    while (out.pos < out.size && !ended_) {
        if (piece_.empty()) piece_ = TRY(input_.next());
        const bool starved = piece_.empty();
        const size_t before = out.pos;
        ZSTD_inBuffer in{piece_.data(), piece_.size(), 0};
        const size_t status = ZSTD_decompressStream(context_, &out, &in);
        if (ZSTD_isError(status)) return corrupt(ZSTD_getErrorName(status));
        piece_ = piece_.subspan(in.pos);
        if (status == 0) {
            ended_ = !TRY(input_.followed_by(piece_.size(), kZstdMagic));
        } else if (starved && out.pos == before) {
            return truncated();
        }
    }
    return out.pos;
}

template <typename D>
Result<std::unique_ptr<Decompressor>> open_as(const ByteSource& source, ByteRange range) {
    auto decompressor = std::make_unique<D>(source, range);
    TRY(decompressor->init());
    return decompressor;
}

}  // namespace

Result<> Decompressor::expect_end(u64 limit) {
    u8 surplus = 0;
    if (TRY(read({&surplus, 1})) != 0) return fail("it decompresses to more than {}", format_bytes(limit));
    return {};
}

Result<std::unique_ptr<Decompressor>> open_decompressor(Codec codec, const ByteSource& source,
                                                        ByteRange range) {
    switch (codec) {
        case Codec::Gzip: return open_as<GzipDecompressor>(source, range);
        case Codec::Zstd: return open_as<ZstdDecompressor>(source, range);
    }
    return fail("unknown compression");
}

Result<std::vector<u8>> decompress_all(Codec codec, const ByteSource& source, ByteRange range, u64 limit) {
    constexpr size_t kFirstSize = 1 << 20;
    const auto decompressor = TRY(open_decompressor(codec, source, range));
    std::vector<u8> bytes;
    size_t used = 0;
    while (used == bytes.size() && used < limit) {
        bytes.resize(static_cast<size_t>(std::min<u64>(limit, std::max(kFirstSize, used * 2))));
        used += TRY(decompressor->read(std::span(bytes).subspan(used)));
    }
    if (used == bytes.size()) TRY(decompressor->expect_end(limit));
    bytes.resize(used);
    return bytes;
}

Result<u64> decompressed_size(Codec codec, const ByteSource& source, ByteRange range, u64 limit) {
    const auto decompressor = TRY(open_decompressor(codec, source, range));
    std::vector<u8> scratch(kInputChunk);
    u64 total = 0;
    for (;;) {
        const size_t got = TRY(decompressor->read(scratch));
        total += got;
        if (total > limit) return fail("it decompresses to more than {}", format_bytes(limit));
        if (got < scratch.size()) return total;
    }
}

}  // namespace trapeze::boot
