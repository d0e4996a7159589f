#include "decompressor.h"

#include <gtest/gtest.h>

#include "images.h"

namespace trapeze::boot {
namespace {

using namespace test;

struct Format {
    Codec codec;
    Bytes (*pack)(const Bytes&);
    const char* name;
};

class DecompressorTest : public testing::TestWithParam<Format> {
protected:
    static Result<Bytes> unpack(const Bytes& packed, u64 limit) {
        return decompress_all(GetParam().codec, MemorySource(packed), {0, packed.size()}, limit);
    }
    static Result<u64> count(const Bytes& packed, u64 limit) {
        return decompressed_size(GetParam().codec, MemorySource(packed), {0, packed.size()}, limit);
    }
};

INSTANTIATE_TEST_SUITE_P(Codecs, DecompressorTest,
                         testing::Values(Format{Codec::Gzip, gzip, "gzip"},
                                         Format{Codec::Zstd, zstd, "zstd"}),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

TEST_P(DecompressorTest, RestoresWhatWasPacked) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{65'536}, size_t{3'000'001}}) {
        const Bytes plain = noise(size);
        const Bytes packed = GetParam().pack(plain);
        const auto unpacked = unpack(packed, 4 * kMiB);
        ASSERT_TRUE(unpacked) << error_of(unpacked);
        EXPECT_EQ(*unpacked, plain);
        EXPECT_EQ(count(packed, 4 * kMiB).value(), size);
    }
}

TEST_P(DecompressorTest, ReadsInPiecesOfAnySize) {
    const Bytes plain = noise(10'000);
    const Bytes packed = GetParam().pack(plain);
    const MemorySource source(packed);
    const auto decompressor = open_decompressor(GetParam().codec, source, {0, packed.size()}).value();
    Bytes unpacked;
    for (size_t piece = 1;; piece = piece * 3 + 1) {
        Bytes buffer(piece);
        const size_t got = decompressor->read(buffer).value();
        unpacked.insert(unpacked.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
        if (got < piece) break;
    }
    EXPECT_EQ(unpacked, plain);
    Bytes more(1);
    EXPECT_EQ(decompressor->read(more).value(), 0u);
}

TEST_P(DecompressorTest, StopsAtTheLimit) {
    const Bytes packed = GetParam().pack(Bytes(64 * kMiB));
    EXPECT_LT(packed.size(), 128u << 10);
    EXPECT_EQ(error_of(unpack(packed, 2 * kMiB)), "it decompresses to more than 2 MiB");
    EXPECT_EQ(error_of(count(packed, 64 * kMiB - 1)), "it decompresses to more than 64 MiB");
    EXPECT_TRUE(count(packed, 64 * kMiB));
    EXPECT_EQ(unpack(packed, 64 * kMiB).value().size(), 64 * kMiB);
}

TEST_P(DecompressorTest, RefusesTruncatedData) {
    const Bytes packed = GetParam().pack(noise(10'000));
    for (size_t size = 2; size < packed.size(); size += size < 64 ? 1 : 997) {
        const Bytes part(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(error_of(unpack(part, kMiB)), "its compressed data are truncated") << size;
    }
    EXPECT_EQ(error_of(unpack({}, kMiB)), "its compressed data are truncated");
}

TEST_P(DecompressorTest, RefusesCorruptData) {
    Bytes packed = GetParam().pack(Bytes(10'000, 'x'));
    packed[packed.size() / 2] ^= 0xff;
    packed[packed.size() / 2 + 1] ^= 0xff;
    const std::string error = error_of(unpack(packed, kMiB));
    EXPECT_TRUE(error.starts_with("its compressed data are ")) << error;
}

TEST_P(DecompressorTest, JoinsConcatenatedPartsAndIgnoresTrailers) {
    const Bytes first = noise(70'000, 1), second = noise(50'000, 2);
    Bytes packed = GetParam().pack(first);
    const Bytes packed_second = GetParam().pack(second);
    packed.insert(packed.end(), packed_second.begin(), packed_second.end());
    Bytes expected = first;
    expected.insert(expected.end(), second.begin(), second.end());
    for (const size_t trailer : {0, 1, 4, 1000}) {
        Bytes with_trailer = packed;
        with_trailer.resize(packed.size() + trailer);
        const auto unpacked = unpack(with_trailer, kMiB);
        ASSERT_TRUE(unpacked) << error_of(unpacked);
        EXPECT_EQ(*unpacked, expected);
    }
}

TEST(Gzip, ChecksTheChecksum) {
    Bytes packed = gzip(noise(1000));
    packed[packed.size() - 8] ^= 1;  // CRC32
    EXPECT_EQ(error_of(decompress_all(Codec::Gzip, MemorySource(packed), {0, packed.size()}, kMiB)),
              "its compressed data are corrupt (incorrect data check)");
}

TEST(Zstd, RefusesAWindowOfMoreThan128MiB) {
    // RFC 8878 "Window_Descriptor": exponent 18 is a window of 2^28 bytes.
    const Bytes packed = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 18 << 3, 0x01, 0x00, 0x00};
    const std::string error =
        error_of(decompress_all(Codec::Zstd, MemorySource(packed), {0, packed.size()}, kMiB));
    EXPECT_EQ(error, "its compressed data are corrupt (Frame requires too much memory for decoding)");
    Bytes smaller = packed;
    smaller[5] = 17 << 3;
    EXPECT_TRUE(decompress_all(Codec::Zstd, MemorySource(smaller), {0, smaller.size()}, kMiB));
}

}  // namespace
}  // namespace trapeze::boot
