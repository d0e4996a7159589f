#include "trapeze/virtio/device.h"

#include <algorithm>

namespace trapeze::virtio {

void Device::complete(const Session& session, u16 queue) {
    Queue& q = *session.queues[queue];
    if (q.broken()) {
        session.host->needs_reset(q.reason());
    } else if (q.interrupt_due()) {
        session.host->queue_used();
    }
}

void Device::copy_config(std::span<const u8> config, u32 offset, std::span<u8> to) {
    if (offset >= config.size()) return;
    const auto there = config.subspan(offset);
    std::ranges::copy(there.first(std::min(there.size(), to.size())), to.begin());
}

}  // namespace trapeze::virtio
