// The device's side of a virtqueue: requests out of guest memory, answers back (VIRTIO 1.2, 2.7 "Split
// Virtqueues" and 2.8 "Packed Virtqueues").
//
// Everything in the rings is the guest's and may change at any time: each descriptor is read once, every
// address is checked, every walk is bounded. What the specification forbids makes the queue broken(), for
// good: the device tells its host, and the driver has to reset it.
//
// One thread at a time; the device's own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "trapeze/mem/guest_memory.h"
#include "trapeze/virtio/virtio.h"

namespace trapeze::virtio {

// Where the driver has put a queue. For a split queue: descriptor table, available ring, used ring. For a
// packed one: descriptor ring, driver event suppression, device event suppression.
struct QueueAddresses {
    u16 size = 0;  // entries
    mem::Gpa descriptors;
    mem::Gpa driver;
    mem::Gpa device;
};

// A request: buffers in guest RAM, in the driver's order. Reusable, so that its vectors are allocated once.
struct Chain {
    u16 id = 0;                           // what the driver knows it by
    u16 slots = 0;                        // entries of the ring that it takes
    std::vector<std::span<u8>> readable;  // by the device
    std::vector<std::span<u8>> writable;  // by the device
    u64 readable_bytes = 0;               // less than 2^32
    u64 writable_bytes = 0;               // less than 2^32

    void clear();
};

// Descriptors of one request, those of an indirect table included.
inline constexpr unsigned kMostSegments = 1024;

class Queue {
public:
    virtual ~Queue() = default;

    // The next request. False: there is none, or the queue is broken. No more are out at a time than the
    // queue has entries, whatever the driver does.
    [[nodiscard]] bool pop(Chain& chain);
    // Gives a request back, in any order, with the number of bytes written to its writable buffers. What was
    // written is visible to the driver no later than the answer.
    void push(const Chain& chain, u32 written) {
        const Answer answer{&chain, written};
        push({&answer, 1});
    }
    // Several of them, which the driver sees all at once and in this order.
    struct Answer {
        const Chain* chain;
        u32 written;
    };
    void push(std::span<const Answer> answers);
    // Whether the driver wants an interrupt for what was pushed since this was asked last. Once after each
    // batch.
    [[nodiscard]] virtual bool interrupt_due() = 0;

    // Asks the driver not to notify about new requests, which is a hint,
    virtual void disarm() = 0;
    // and to do so again. True: there are requests already, which nobody may notify about.
    [[nodiscard]] virtual bool rearm() = 0;

    // Where it is. All of it is in RAM unless the queue is broken: for a device whose requests are served
    // elsewhere, which then takes none here.
    const QueueAddresses& addresses() const { return addresses_; }

    bool broken() const { return broken_ != nullptr; }
    // What the guest did, for a diagnostic; only if broken().
    const char* reason() const { return broken_; }
    // For devices: the request itself makes no sense.
    void set_broken(const char* reason) {
        if (broken_ == nullptr) broken_ = reason;
    }

protected:
    explicit Queue(const QueueAddresses& addresses) : size_(addresses.size), addresses_(addresses) {}
    // As pop() and push(); `chain` is empty, the queue is not broken.
    virtual bool take(Chain& chain) = 0;
    virtual void give(std::span<const Answer> answers) = 0;

    const u16 size_;

private:
    const QueueAddresses addresses_;
    unsigned out_ = 0;  // entries of requests that were popped and not pushed
    const char* broken_ = nullptr;
};

// `features` are those negotiated: they choose the format. `memory` outlives the queue. Rings outside RAM,
// misaligned or of a forbidden size give a queue that is broken from the beginning.
std::unique_ptr<Queue> make_queue(mem::GuestMemory& memory, const QueueAddresses& addresses, u64 features);

}  // namespace trapeze::virtio
