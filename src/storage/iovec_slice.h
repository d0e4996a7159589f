// Pieces of scattered buffers.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::storage {

// The buffers of [from, from + bytes) of a request's data.
inline std::vector<iovec> slice(const std::vector<iovec>& buffers, u64 from, u64 bytes) {
    std::vector<iovec> result;
    for (const iovec& buffer : buffers) {
        if (bytes == 0) break;
        if (from >= buffer.iov_len) {
            from -= buffer.iov_len;
            continue;
        }
        const u64 length = std::min<u64>(bytes, buffer.iov_len - from);
        result.push_back({static_cast<u8*>(buffer.iov_base) + from, length});
        bytes -= length;
        from = 0;
    }
    return result;
}

}  // namespace trapeze::storage
