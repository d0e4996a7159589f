#include "frame.h"

#include <bit>
#include <cstring>

namespace trapeze::net {
namespace {

// RFC 1071: the sum does not depend on the byte order in which it is made.
u16 ones_complement_sum(std::span<const u8> bytes) {
    u64 sum = 0;
    while (bytes.size() >= 4) {
        u32 word = 0;
        std::memcpy(&word, bytes.data(), sizeof word);
        sum += word;
        bytes = bytes.subspan(4);
    }
    u32 rest = 0;
    if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
    sum += rest;
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}

}  // namespace

void append(const bus::NetFrame& frame, std::vector<u8>& to) {
    for (const std::span<const u8> part : frame.parts) to.insert(to.end(), part.begin(), part.end());
}

bool complete_checksum(const bus::NetOffload& offload, std::span<u8> frame) {
    if ((offload.flags & bus::NetOffload::kNeedsChecksum) == 0) return true;
    const std::size_t field = std::size_t{offload.csum_start} + offload.csum_offset;
    if (field + 2 > frame.size()) return false;
    u16 sum = static_cast<u16>(~ones_complement_sum(frame.subspan(offload.csum_start)));
    if (sum == 0) sum = 0xffff;  // RFC 768: 0 would mean that there is none; for TCP it is the same number
    std::memcpy(&frame[field], &sum, sizeof sum);
    return true;
}

}  // namespace trapeze::net
