// Frames from the guest: 5.1.6.2 "Packet Transmission".
#include <algorithm>
#include <cstring>

#include "net_header.h"
#include "trapeze/base/log.h"
#include "trapeze/virtio/net.h"

namespace trapeze::virtio {
namespace {

using namespace net;

// The buffers after their first `skip` bytes, which go to `header`.
void split(const Chain& chain, std::span<u8> header, std::vector<std::span<const u8>>& parts) {
    parts.clear();
    std::size_t copied = 0;
    for (std::span<const u8> part : chain.readable) {
        const std::size_t count = std::min(part.size(), header.size() - copied);
        if (count != 0) std::memcpy(&header[copied], part.data(), count);
        copied += count;
        if (count != part.size()) parts.push_back(part.subspan(count));
    }
}

// What a driver asks for that it did not negotiate is none of its business.
bus::NetOffload allowed(bus::NetOffload offload, u32 offloads) {
    using namespace bus::net_offload;
    if ((offloads & kChecksum) == 0) return {};
    offload.flags &= bus::NetOffload::kNeedsChecksum;
    const u8 type = offload.gso_type & static_cast<u8>(~bus::NetOffload::kGsoEcn);
    const bool tso = (type == bus::NetOffload::kGsoTcpV4 && (offloads & kTso4) != 0) ||
                     (type == bus::NetOffload::kGsoTcpV6 && (offloads & kTso6) != 0);
    if (!tso) offload.gso_type = bus::NetOffload::kGsoNone;
    if ((offloads & kEcn) == 0) offload.gso_type &= static_cast<u8>(~bus::NetOffload::kGsoEcn);
    return offload;
}

}  // namespace

void Net::transmit() {
    Queue* queue = session_.queue(kTransmit);
    if (queue == nullptr || queue->broken()) return;
    queue->disarm();
    bool busy = false;
    for (unsigned frames = 0; !busy; ++frames) {
        if (frames == kBatch) {
            session_.host->notify_again(kTransmit);
            break;
        }
        if (!outgoing_waits_ && !queue->pop(outgoing_)) {
            if (queue->rearm()) continue;
            break;
        }
        busy = !transmit_one(*queue);
    }
    port_->send_end();
    complete(session_, kTransmit);
}

bool Net::transmit_one(Queue& queue) {
    bus::NetFrame frame;
    std::array<u8, kHeaderBytes> header{};
    const u32 skipped = header_bytes();
    if (outgoing_.readable_bytes < skipped) {
        queue.set_broken("a frame is shorter than its header");
        return true;
    }
    split(outgoing_, std::span(header).first(skipped), parts_);
    std::memcpy(&frame.offload, header.data(), sizeof frame.offload);
    frame.offload = allowed(frame.offload, offloads_of(kHostOffloads, session_.features));
    frame.parts = parts_;
    const u64 bytes = outgoing_.readable_bytes - skipped;
    outgoing_waits_ = false;
    if (bytes > bus::kMostFrameBytes) {
        GUEST_ERROR("virtio-net: a frame of {} bytes is lost", bytes);
    } else if (bytes != 0 && link()) {
        frame.bytes = static_cast<u32>(bytes);
        outgoing_waits_ = !port_->send(frame);
    }
    if (!outgoing_waits_) queue.push(outgoing_, 0);
    return !outgoing_waits_;
}

}  // namespace trapeze::virtio
