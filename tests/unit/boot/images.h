// Kernel files made up for tests, byte by byte as the formats' documents say.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::boot::test {

using Bytes = std::vector<u8>;

inline constexpr u64 kMiB = 1 << 20;
inline constexpr u64 kGiB = 1 << 30;
inline constexpr u64 kRamBase = 0x40000000;

inline mem::GpaRange ram_of(u64 bytes) {
    return {mem::Gpa{kRamBase}, bytes};
}

template <typename T>
void store(Bytes& bytes, size_t offset, T value) {
    if (bytes.size() < offset + sizeof(T)) bytes.resize(offset + sizeof(T));
    for (size_t i = 0; i < sizeof(T); ++i) {
        bytes[offset + i] = static_cast<u8>(static_cast<u64>(value) >> (8 * i));
    }
}

inline void store_text(Bytes& bytes, size_t offset, std::string_view text) {
    if (bytes.size() < offset + text.size()) bytes.resize(offset + text.size());
    std::memcpy(bytes.data() + offset, text.data(), text.size());
}

// `size` bytes that do not repeat and do not compress to nothing.
inline Bytes noise(size_t size, u32 seed = 1) {
    Bytes bytes(size);
    for (u8& b : bytes) {
        seed = seed * 1664525 + 1013904223;
        b = static_cast<u8>(seed >> 24);
    }
    return bytes;
}

// An arm64 Image of `size` bytes with noise behind the header.
inline Bytes arm64_image(u64 text_offset, u64 image_size, size_t size) {
    Bytes bytes = noise(size);
    store<u32>(bytes, 0, 0x14000010);  // b .+64
    store<u32>(bytes, 4, 0);
    store<u64>(bytes, 8, text_offset);
    store<u64>(bytes, 16, image_size);
    store<u64>(bytes, 24, 0xa);
    for (size_t at = 32; at < 56; at += 8) store<u64>(bytes, at, 0);
    store_text(bytes, 56, "ARM\x64");
    store<u32>(bytes, 60, 0);
    return bytes;
}

inline Bytes gzip(const Bytes& plain) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytes packed(deflateBound(&stream, plain.size()));
    stream.next_in = const_cast<u8*>(plain.data());
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(packed.size() - stream.avail_out);
    deflateEnd(&stream);
    return packed;
}

inline Bytes zstd(const Bytes& plain) {
    Bytes packed(ZSTD_compressBound(plain.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
    return packed;
}

inline Bytes zboot(std::string_view compression, const Bytes& payload) {
    constexpr u32 kPayloadAt = 0x1000;
    Bytes bytes(kPayloadAt);
    store_text(bytes, 0, "MZ");
    store_text(bytes, 4, "zimg");
    store<u32>(bytes, 8, kPayloadAt);
    store<u32>(bytes, 12, static_cast<u32>(payload.size()));
    store_text(bytes, 24, compression);
    store<u32>(bytes, 0x38, 0x818223cd);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    store<u32>(bytes, bytes.size(), 0x12345678);  // stands for the size that the build appends
    return bytes;
}

struct ElfSegment {
    u64 vaddr, paddr, offset, filesz, memsz;
};

// An AArch64 program; contents are noise, the program headers follow the header.
inline Bytes elf(u64 entry, const std::vector<ElfSegment>& segments, size_t size) {
    Bytes bytes = noise(size);
    store_text(bytes, 0, std::string_view("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16));
    store<u16>(bytes, 16, 2);    // e_type = ET_EXEC
    store<u16>(bytes, 18, 183);  // e_machine = EM_AARCH64
    store<u32>(bytes, 20, 1);
    store<u64>(bytes, 24, entry);
    store<u64>(bytes, 32, 64);  // e_phoff
    store<u64>(bytes, 40, 0);
    store<u32>(bytes, 48, 0);
    store<u16>(bytes, 52, 64);
    store<u16>(bytes, 54, 56);  // e_phentsize
    store<u16>(bytes, 56, static_cast<u16>(segments.size()));
    store<u32>(bytes, 58, 0);
    store<u16>(bytes, 62, 0);
    size_t at = 64;
    for (const ElfSegment& s : segments) {
        store<u32>(bytes, at, 1);  // PT_LOAD
        store<u32>(bytes, at + 4, 7);
        store<u64>(bytes, at + 8, s.offset);
        store<u64>(bytes, at + 16, s.vaddr);
        store<u64>(bytes, at + 24, s.paddr);
        store<u64>(bytes, at + 32, s.filesz);
        store<u64>(bytes, at + 40, s.memsz);
        store<u64>(bytes, at + 48, u64{0x1000});
        at += 56;
    }
    return bytes;
}

// The message of a failed Result; "" when it succeeded.
template <typename T>
std::string error_of(const Result<T>& result) {
    return result ? "" : result.error().message();
}

// A file of the test's own, gone with the object.
class TestFile {
public:
    explicit TestFile(const Bytes& bytes, const char* suffix = "") {
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        static int serial = 0;
        path_ = testing::TempDir() + "boot_" + info->test_suite_name() + "_" + info->name() + "_" +
                std::to_string(serial++) + suffix;
        write(bytes);
    }
    ~TestFile() { std::remove(path_.c_str()); }
    TestFile(const TestFile&) = delete;
    TestFile& operator=(const TestFile&) = delete;

    void write(const Bytes& bytes) const {
        std::ofstream file(path_, std::ios::binary | std::ios::trunc);
        file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace trapeze::boot::test
