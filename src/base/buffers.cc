#include "trapeze/base/buffers.h"

#include <cstring>

namespace trapeze {

std::size_t copy_from(Buffers buffers, u64 offset, std::span<u8> to) {
    std::size_t copied = 0;
    for_each_piece(buffers, offset, to.size(), [&](std::span<u8> piece) {
        std::memcpy(&to[copied], piece.data(), piece.size());
        copied += piece.size();
    });
    return copied;
}

std::size_t copy_to(Buffers buffers, u64 offset, std::span<const u8> from) {
    std::size_t copied = 0;
    for_each_piece(buffers, offset, from.size(), [&](std::span<u8> piece) {
        std::memcpy(piece.data(), &from[copied], piece.size());
        copied += piece.size();
    });
    return copied;
}

}  // namespace trapeze
