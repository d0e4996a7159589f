// "4.2 Virtio Over MMIO": the registers of one device, version 2, and the legacy interface of 4.2.4,
// version 1.
//
// A write of 0 to Status returns when the device has let go of the guest's buffers, because that is what
// drivers rely on; only the vCPU that writes waits, and others that access the same device.
#pragma once

#include <atomic>
#include <condition_variable>
#include <vector>

#include "trapeze/base/fd.h"
#include "trapeze/base/loop_thread.h"
#include "trapeze/base/mutex.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class MmioTransport final : public bus::MmioDevice, private DeviceHost {
public:
    static constexpr u64 kSize = 0x200;
    // The register QueueNotify: 4 bytes, the number of a queue.
    static constexpr u64 kQueueNotify = 0x50;

    enum class Interface : u8 { Modern, Legacy };

    // Everything referred to outlives the transport. `irq` is the device's interrupt.
    static Result<std::unique_ptr<MmioTransport>> create(Device& device, LoopThread& thread,
                                                         mem::GuestMemory& memory, bus::IrqLine irq,
                                                         Interface interface);
    // While no vCPU runs.
    ~MmioTransport() override;
    MmioTransport(const MmioTransport&) = delete;
    MmioTransport& operator=(const MmioTransport&) = delete;

    u64 mmio_read(const bus::MmioAccess& access) override EXCLUDES(mutex_);
    void mmio_write(const bus::MmioAccess& access, u64 value) override EXCLUDES(mutex_);
    void reset() override EXCLUDES(mutex_);
    std::string_view name() const override { return device_.name(); }

    // eventfds, one for each queue in order: who adds to one has written the queue's number to QueueNotify.
    // For accelerators that can do so without an exit.
    std::vector<int> doorbells() const;

    Device& device() { return device_; }
    Interface interface() const { return interface_; }

    struct Registers;  // the tables

private:
    struct QueueState {
        QueueAddresses addresses;
        bool ready = false;
        u32 pfn = 0;    // legacy: QueuePFN
        u32 align = 0;  // legacy: QueueAlign
    };
    // Stopping: a thread waits for the device, and all others wait for that thread.
    enum class Lifecycle : u8 { Idle, Running, Stopping };

    MmioTransport(Device& device, LoopThread& thread, mem::GuestMemory& memory, bus::IrqLine irq,
                  Interface interface);
    Result<> watch_doorbells();
    u64 offered_features() const;

    // DeviceHost
    void queue_used() override EXCLUDES(mutex_);
    void notify_again(u16 queue) override;
    void config_changed() override EXCLUDES(mutex_);
    void needs_reset(std::string_view what) override EXCLUDES(mutex_);

    // Registers, by their names.
    u32 device_id() const { return static_cast<u32>(device_.id()); }
    void ignore(u32) {}
    u32 device_features() const REQUIRES(mutex_);
    void write_driver_features(u32 value) REQUIRES(mutex_);
    void write_queue_num(u32 value) REQUIRES(mutex_);
    void write_queue_ready(u32 value) REQUIRES(mutex_);
    void write_queue_notify(u32 value) REQUIRES(mutex_);
    void write_interrupt_ack(u32 value) REQUIRES(mutex_);
    void write_status(u32 value) REQUIRES(mutex_);
    u32 queue_num_max() const REQUIRES(mutex_);
    u32 queue_ready() const REQUIRES(mutex_);
    // Half of an address: bits `shift` up.
    template <mem::Gpa QueueAddresses::*Which, unsigned Shift>
    void write_address(u32 value) REQUIRES(mutex_);
    void write_guest_page_size(u32 value) REQUIRES(mutex_);
    void write_queue_align(u32 value) REQUIRES(mutex_);
    void write_queue_pfn(u32 value) REQUIRES(mutex_);
    u32 queue_pfn() const REQUIRES(mutex_);

    QueueState* selected() REQUIRES(mutex_);
    const QueueState* selected() const REQUIRES(mutex_);
    QueueState* selected_for_setup() REQUIRES(mutex_);
    void start() REQUIRES(mutex_);
    void start_early() EXCLUDES(mutex_);
    void stop_and_clear() REQUIRES(mutex_);
    void stopped() EXCLUDES(mutex_);
    void clear() REQUIRES(mutex_);
    void wait_until_settled() REQUIRES(mutex_);
    void interrupt(u32 reason) REQUIRES(mutex_);

    Device& device_;
    LoopThread& thread_;
    mem::GuestMemory& memory_;
    const Interface interface_;
    std::vector<Fd> doorbells_;  // const after create()
    bool started_ = false;       // the device's thread: between its start() and stop()

    Mutex mutex_;
    std::condition_variable_any settled_;  // lifecycle_ has left Stopping
    Lifecycle lifecycle_ GUARDED_BY(mutex_) = Lifecycle::Idle;
    bus::IrqLine irq_ GUARDED_BY(mutex_);
    std::vector<QueueState> queues_ GUARDED_BY(mutex_);
    u32 status_ GUARDED_BY(mutex_) = 0;
    u32 interrupt_status_ GUARDED_BY(mutex_) = 0;
    u32 device_features_sel_ GUARDED_BY(mutex_) = 0;
    u32 driver_features_sel_ GUARDED_BY(mutex_) = 0;
    u64 driver_features_ GUARDED_BY(mutex_) = 0;
    u32 queue_sel_ GUARDED_BY(mutex_) = 0;
    u32 guest_page_size_ GUARDED_BY(mutex_) = 0;
    u32 config_generation_ GUARDED_BY(mutex_) = 0;
};

// What a slot without a device shows: DeviceID 0.
class EmptySlot final : public bus::MmioDevice {
public:
    explicit EmptySlot(MmioTransport::Interface interface) : interface_(interface) {}
    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess&, u64) override {}
    void reset() override {}
    std::string_view name() const override { return "virtio-mmio"; }

private:
    const MmioTransport::Interface interface_;
};

}  // namespace trapeze::virtio
