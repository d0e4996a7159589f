// A stream of bytes in scattered buffers of the guest (VIRTIO 1.2, 2.7.4 "Message Framing": devices make no
// assumptions about where one buffer ends and the next begins).
#pragma once

#include <span>

#include "trapeze/base/types.h"

namespace trapeze {

using Buffers = std::span<const std::span<u8>>;

// Copies bytes from `offset` on; returns how many there were.
std::size_t copy_from(Buffers buffers, u64 offset, std::span<u8> to);
std::size_t copy_to(Buffers buffers, u64 offset, std::span<const u8> from);

// Calls `use` with each piece of [offset, offset + bytes), in order.
template <typename Use>
void for_each_piece(Buffers buffers, u64 offset, u64 bytes, Use&& use) {
    for (const std::span<u8> buffer : buffers) {
        if (bytes == 0) return;
        if (offset >= buffer.size()) {
            offset -= buffer.size();
            continue;
        }
        const std::size_t length = bytes < buffer.size() - offset ? bytes : buffer.size() - offset;
        use(buffer.subspan(offset, length));
        bytes -= length;
        offset = 0;
    }
}

}  // namespace trapeze
