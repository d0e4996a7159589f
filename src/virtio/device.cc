#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

void Device::complete(const Session& session, u16 queue) {
    Queue& q = *session.queues[queue];
    if (q.broken()) {
        session.host->needs_reset(q.reason());
    } else if (q.interrupt_due()) {
        session.host->queue_used();
    }
}

}  // namespace trapeze::virtio
