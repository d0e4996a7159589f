// 5.10.6 "Device Operation" of the socket device: what packets begin with.
#pragma once

#include <bit>

#include "trapeze/base/types.h"

namespace trapeze::virtio::vsock {

static_assert(std::endian::native == std::endian::little, "the fields of packets are little-endian");

struct [[gnu::packed]] Header {
    u64 src_cid = 0;
    u64 dst_cid = 0;
    u32 src_port = 0;
    u32 dst_port = 0;
    u32 len = 0;
    u16 type = 0;
    u16 op = 0;
    u32 flags = 0;
    u32 buf_alloc = 0;
    u32 fwd_cnt = 0;
};
static_assert(sizeof(Header) == 44);

enum Op : u16 {
    kInvalid = 0,
    kRequest = 1,
    kResponse = 2,
    kRst = 3,
    kShutdown = 4,
    kRw = 5,
    kCreditUpdate = 6,
    kCreditRequest = 7,
};

inline constexpr u16 kStream = 1;
inline constexpr u64 kHostCid = 2;
// Of kShutdown: what the sender will not do any more.
inline constexpr u32 kNoReceive = 1;
inline constexpr u32 kNoSend = 2;

}  // namespace trapeze::virtio::vsock
