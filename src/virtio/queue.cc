#include "trapeze/virtio/queue.h"

#include "packed_queue.h"
#include "split_queue.h"

namespace trapeze::virtio {

void Chain::clear() {
    id = slots = 0;
    readable.clear();
    writable.clear();
    readable_bytes = writable_bytes = 0;
}

bool Queue::pop(Chain& chain) {
    chain.clear();
    return !broken() && take(chain);
}

std::unique_ptr<Queue> make_queue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features) {
    if ((features & feature::kRingPacked) != 0)
        return std::make_unique<PackedQueue>(memory, addresses, features);
    return std::make_unique<SplitQueue>(memory, addresses, features);
}

}  // namespace trapeze::virtio
