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
    if (broken() || !take(chain)) return false;
    out_ += chain.slots;
    if (out_ <= size_) return true;
    set_broken("more requests are available than the queue has entries");
    return false;
}

void Queue::push(std::span<const Answer> answers) {
    for (const Answer& answer : answers) out_ -= answer.chain->slots;
    if (!broken()) give(answers);
}

std::unique_ptr<Queue> make_queue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features) {
    if ((features & feature::kRingPacked) != 0)
        return std::make_unique<PackedQueue>(memory, addresses, features);
    return std::make_unique<SplitQueue>(memory, addresses, features);
}

}  // namespace trapeze::virtio
