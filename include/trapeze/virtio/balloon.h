// 5.5 "Traditional Memory Balloon Device": memory that the guest lends to the host.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class Balloon final : public Device {
public:
    struct Options {
        bool deflate_on_oom = false;
        bool free_page_reporting = false;
    };
    // The balloon's pages, whatever those of the guest and the host are.
    static constexpr u64 kPageBytes = 4096;

    // `memory` is all that the guest can lend, and outlives the device.
    Balloon(mem::GuestMemory& memory, Options options);
    ~Balloon() override;

    DeviceId id() const override { return DeviceId::Balloon; }
    std::string_view name() const override { return "virtio-balloon"; }
    u64 features() const override;
    std::span<const u16> queue_sizes() const override;
    void read_config(u32 offset, std::span<u8> to) override;
    void write_config(u32 offset, std::span<const u8> from) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    void stop(std::function<void()> stopped) override;

    // How many pages the guest is asked to have in the balloon: the next driver, too. The device's thread.
    void set_target(u32 pages);
    // How many it says are there: anything. Any thread.
    u32 actual() const { return actual_; }
    // `changed` is called when actual() has changed, on any thread, as often as the guest likes. Before the
    // guest runs.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

private:
    static constexpr std::size_t kQueues = 5;
    // A request that is being worked on, which may be too much for one turn.
    struct Work {
        Chain request;
        bool begun = false;  // `request` has not been answered
        u64 done = 0;        // bytes of it
    };
    // Each does a piece of the request, and takes what it has cost off `budget`. True: nothing is left of it.
    bool inflate(Work& work, u64& budget);
    bool report(Work& work, u64& budget);

    mem::GuestMemory& memory_;
    const Options options_;
    std::function<void()> changed_;
    std::atomic<u32> target_ = 0;  // num_pages: the device's thread writes
    std::atomic<u32> actual_ = 0;  // the driver's; any vCPU, and the device's thread
    std::atomic<u32> poison_ = 0;  // likewise

    // The device's thread.
    Session session_;
    std::array<Work, kQueues> work_;  // of each queue
    std::vector<u32> pages_;          // while inflating
};

}  // namespace trapeze::virtio
