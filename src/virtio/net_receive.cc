// Frames for the guest: 5.1.6.4 "Processing of Incoming Packets".
#include <cstring>

#include "net_header.h"
#include "trapeze/base/buffers.h"
#include "trapeze/virtio/net.h"

namespace trapeze::virtio {
namespace {

using namespace net;

constexpr std::size_t kEthernetHeaderBytes = 14;

}  // namespace

bool Net::wanted(std::span<const u8> frame) const {
    return link() && frame.size() >= kEthernetHeaderBytes && frame.size() <= bus::kMostFrameBytes &&
           filter_.accepts(frame, mac());
}

// True also for a frame that gets lost on the way: the port is to go on with the next one.
bool Net::receive(const bus::NetOffload& offload, std::span<const u8> frame) {
    waits_for_room_ = false;
    Queue* queue = session_.queue(kReceive);
    if (queue == nullptr || queue->broken() || !wanted(frame)) return true;
    const u64 bytes = header_bytes() + frame.size();
    const std::size_t most = session_.has(kMrgRxbuf) ? kReceiveEntries : 1;
    while (room_bytes_ < bytes) {
        if (room_count_ == most) return true;  // never more room than that: lost
        if (take_room(*queue)) continue;
        if (queue->broken()) return true;
        waits_for_room_ = true;
        return false;
    }
    fill_buffers(*queue, offload, frame);
    return true;
}

bool Net::take_room(Queue& queue) {
    if (room_count_ == room_.size()) room_.emplace_back();
    Chain& chain = room_[room_count_];
    while (!queue.pop(chain)) {
        if (!queue.rearm()) return false;
        queue.disarm();
    }
    // 5.1.6.3.1 "Driver Requirements: Setting Up Receive Buffers".
    if (chain.writable_bytes < header_bytes()) {
        queue.set_broken("a receive buffer has no room for a header");
        return false;
    }
    room_bytes_ += chain.writable_bytes;
    ++room_count_;
    return true;
}

void Net::fill_buffers(Queue& queue, const bus::NetOffload& offload, std::span<const u8> frame) {
    std::array<u8, kHeaderBytes> header{};
    if (session_.has(kGuestCsum)) std::memcpy(header.data(), &offload, sizeof offload);
    const auto buffers = static_cast<u16>(room_count_);
    std::memcpy(&header[kShortHeaderBytes], &buffers, sizeof buffers);  // 1 where none are merged, 5.1.6.4.1
    answers_.clear();
    std::span<const u8> rest = frame;
    for (std::size_t i = 0; i < room_count_; ++i) {
        const Buffers to = room_[i].writable;
        std::size_t written = 0;
        if (i == 0) written = copy_to(to, 0, std::span(header).first(header_bytes()));
        const std::size_t count = copy_to(to, written, rest);
        rest = rest.subspan(count);
        written += count;
        answers_.push_back({&room_[i], static_cast<u32>(written)});
    }
    queue.push(answers_);
    room_count_ = 0;
    room_bytes_ = 0;
}

void Net::receive_end() {
    if (session_.queue(kReceive) != nullptr) complete(session_, kReceive);
}

}  // namespace trapeze::virtio
