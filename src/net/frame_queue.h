// Frames that wait for the guest, in one block of memory: no allocation for each.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include "trapeze/bus/net_port.h"

namespace trapeze::net {

class FrameQueue {
public:
    static constexpr std::size_t kCapacity = 1 << 20;  // bytes, with a few for each frame

    bool empty() const { return begin_ == end_; }
    // False: there is no room.
    bool push(const bus::NetOffload& offload, std::span<const u8> frame) {
        const Header header{offload, static_cast<u32>(frame.size())};
        const std::size_t bytes = sizeof header + frame.size();
        if (bytes_.empty()) bytes_.resize(kCapacity);
        if (kCapacity - end_ < bytes) compact();
        if (kCapacity - end_ < bytes) return false;
        std::memcpy(&bytes_[end_], &header, sizeof header);
        if (!frame.empty()) std::memcpy(&bytes_[end_ + sizeof header], frame.data(), frame.size());
        end_ += bytes;
        return true;
    }
    // Gives the oldest to `take`, a function as NetReceiver::receive(), and forgets it if that returns true.
    template <typename Take>
    bool pop_if(const Take& take) {
        Header header;
        std::memcpy(&header, &bytes_[begin_], sizeof header);
        if (!take(header.offload, std::span<const u8>(bytes_).subspan(begin_ + sizeof header, header.bytes)))
            return false;
        begin_ += sizeof header + header.bytes;
        if (empty()) begin_ = end_ = 0;
        return true;
    }

private:
    struct Header {
        bus::NetOffload offload;
        u32 bytes = 0;
    };
    void compact() {
        std::memmove(bytes_.data(), &bytes_[begin_], end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }

    std::vector<u8> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace trapeze::net
