// Virtqueues that the host's kernel serves by itself (Linux: vhost). The kernel reads rings and buffers of
// the guest with the rights of this process, so it can be led nowhere but into the memory that it is told of.
#pragma once

#include <span>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::bus {

// One device of the kernel, on one thread; no call waits for the guest.
class Vhost {
public:
    // All of it stays where it is until stop().
    struct Region {
        u64 guest;  // physical address
        u64 bytes;
        void* host;
    };
    // A split virtqueue from its beginning. Addresses are the host's, and in Regions.
    struct Ring {
        u16 entries;
        void* descriptors;
        void* available;
        void* used;
        // eventfds, which outlive the device. There may be requests;
        int kick;
        // the driver wants to hear of answers;
        int call;
        // there is something wrong with the ring or a request.
        int error;
    };

    virtual ~Vhost() = default;

    // Any thread. Feature bits of virtio that the kernel knows for such a device.
    virtual u64 features() const = 0;

    // What follows is for a device that is stopped, as it is at first. Of those above, what the driver has
    // accepted.
    virtual Result<> set_features(u64 features) = 0;
    virtual Result<> set_memory(std::span<const Region> regions) = 0;
    virtual Result<> set_ring(u32 n, const Ring& ring) = 0;
    // Serves the rings, of which all have been set. What was available before needs a kick.
    virtual Result<> start() = 0;

    // Afterwards the kernel touches no memory of the guest, and signals nothing. Harmless if it is stopped.
    virtual void stop() = 0;
};

}  // namespace trapeze::bus
