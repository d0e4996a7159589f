// A virtio device without its transport.
//
// All work on queues is done by one thread per device, the device's own, so a device needs no lock for what
// it does with them. Only its configuration space is read and written by vCPU threads.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "trapeze/virtio/queue.h"

namespace trapeze::virtio {

// What a device may tell the driver: implemented by the transport. Any thread; with any lock of the device
// held.
class DeviceHost {
public:
    virtual ~DeviceHost() = default;
    // A used buffer notification (2.9.1). Devices say complete(), which asks the queue first.
    virtual void queue_used() = 0;
    // As if the driver notified once more: for a device that stops in the middle of a queue, to let others
    // have the thread.
    virtual void notify_again(u16 queue) = 0;
    // The configuration space has changed: the driver is told.
    virtual void config_changed() = 0;
    // The driver has broken the rules: DEVICE_NEEDS_RESET. `what` is a clause about the driver, for the log.
    virtual void needs_reset(std::string_view what) = 0;
};

// What the driver has set up, from DRIVER_OK on.
struct Session {
    u64 features = 0;  // of those that the device and the rings offer
    std::vector<std::unique_ptr<Queue>> queues;  // nullptr: the driver does not use it
    DeviceHost* host = nullptr;

    // nullptr as above, and for a queue that does not exist.
    Queue* queue(u16 n) const { return n < queues.size() ? queues[n].get() : nullptr; }
    bool has(u64 feature) const { return (features & feature) != 0; }
};

class Device {
public:
    virtual ~Device() = default;

    virtual DeviceId id() const = 0;
    // Short, for traces and the monitor: "virtio-blk".
    virtual std::string_view name() const = 0;
    // Feature bits 0 to 23 and 41 up, and VIRTIO_F_* that are the device's business; the rings' are added.
    virtual u64 features() const = 0;
    // Any thread. Which features of rings (feature::k*) the device's may have: all that Queue implements,
    // unless somebody else serves them.
    virtual u64 ring_features() const { return ~u64{0}; }
    // The size of each queue that the driver may use: entries, powers of two up to kMostQueueSize.
    virtual std::span<const u16> queue_sizes() const = 0;

    // Any thread. Bytes of the configuration space from `offset`; what is not there reads as zero. `to` is
    // zeroed.
    virtual void read_config(u32 offset, std::span<u8> to) = 0;
    // Any thread. Most devices have nothing to write.
    virtual void write_config(u32 /*offset*/, std::span<const u8> /*from*/) {}

    // The rest is called on the device's thread.

    // The driver is ready. Requests may be there already.
    virtual void start(Session session) = 0;
    // The driver says that there are requests in a queue, which it may not have set up. Only between start()
    // and stop(). A device that takes none now leaves the queue alone, and looks again when it can.
    virtual void notified(u16 queue) = 0;
    // Ends the session. Calls `stopped` once, on this thread, now or when the last buffer of the guest that
    // the host still works on is its own again: after it, the device touches no guest memory.
    virtual void stop(std::function<void()> stopped) = 0;

protected:
    // How many requests a device answers before it lets other work of its thread happen, a reset for example:
    // a driver can make requests available as fast as they are answered.
    static constexpr unsigned kBatch = 256;

    // After a batch of Queue::push() or set_broken(): tells the driver what it wants to know.
    static void complete(const Session& session, u16 queue);

    // For read_config(): what `config`, the whole space, has there.
    static void copy_config(std::span<const u8> config, u32 offset, std::span<u8> to);
};

}  // namespace trapeze::virtio
