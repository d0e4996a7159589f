// Numbers of file formats.
#pragma once

#include <span>

#include "trapeze/base/types.h"

namespace trapeze::storage {

// `at` and the bytes after it are within `bytes`.
inline u32 be32(std::span<const u8> bytes, std::size_t at) {
    return u32{bytes[at]} << 24 | u32{bytes[at + 1]} << 16 | u32{bytes[at + 2]} << 8 | u32{bytes[at + 3]};
}
inline u64 be64(std::span<const u8> bytes, std::size_t at) {
    return u64{be32(bytes, at)} << 32 | be32(bytes, at + 4);
}

}  // namespace trapeze::storage
