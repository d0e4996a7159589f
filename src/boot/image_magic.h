// How the formats announce themselves, and little-endian fields of headers.
#pragma once

#include <algorithm>
#include <array>
#include <span>

#include "trapeze/base/types.h"

namespace trapeze::boot {

inline constexpr std::array<u8, 2> kGzipMagic = {0x1f, 0x8b};  // RFC 1952 "Member header and trailer"
inline constexpr std::array<u8, 4> kZstdMagic = {0x28, 0xb5, 0x2f, 0xfd};  // RFC 8878 "Zstandard Frames"
inline constexpr std::array<u8, 2> kPeMagic = {'M', 'Z'};
inline constexpr std::array<u8, 4> kElfMagic = {0x7f, 'E', 'L', 'F'};

// Whether `magic` stands at `offset`; false when `bytes` ends before.
inline bool has_magic(std::span<const u8> bytes, size_t offset, std::span<const u8> magic) {
    return bytes.size() >= offset && bytes.size() - offset >= magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
}

// The little-endian T at `offset`, which must lie inside `bytes`.
template <typename T>
T load_le(std::span<const u8> bytes, size_t offset) {
    T value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>(value | static_cast<T>(T{bytes[offset + i]} << (8 * i)));
    }
    return value;
}

}  // namespace trapeze::boot
