// 5.2 "Block Device".
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "trapeze/bus/disk.h"
#include "trapeze/virtio/device.h"
#include "trapeze/virtio/request_pool.h"

namespace trapeze::virtio {

class Block final : public Device {
public:
    struct Options {
        std::string serial = {};  // up to 20 bytes count
        u16 queues = 1;           // 1 to 64
        u16 queue_size = 256;
        u32 logical_block = 512;  // bytes: powers of two, 512 to 32768
        u32 physical_block = 512;
        bool discard = true;  // offered, if the disk can
        bool write_zeroes = true;
        bool write_back = true;         // a write is done when the host has it; else when it is safe
        bool config_write_back = true;  // the driver may change that
    };

    Block(std::unique_ptr<bus::Disk> disk, Options options);
    ~Block() override;

    DeviceId id() const override { return DeviceId::Block; }
    std::string_view name() const override { return "virtio-blk"; }
    u64 features() const override { return features_; }
    std::span<const u16> queue_sizes() const override { return queue_sizes_; }
    void read_config(u32 offset, std::span<u8> to) override;
    void write_config(u32 offset, std::span<const u8> from) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    void stop(std::function<void()> stopped) override;

private:
    struct Request;

    void serve(u16 queue);
    void begin(Request& request);
    void begin_transfer(Request& request, bus::DiskOperation operation, u64 sector);
    void begin_flush(Request& request);
    void begin_ranges(Request& request, bus::DiskOperation operation);
    void next_range(Request& request);
    void answer_id(Request& request);
    void finished(Request& request, int error);
    void answer(Request& request, u8 status, u32 written);
    void drop(Request& request);
    void end_session();
    bool within(u64 sector, u64 bytes) const;
    bool write_through() const;

    const std::unique_ptr<bus::Disk> disk_;
    const Options options_;
    const bus::Disk::Properties properties_;
    const std::vector<u16> queue_sizes_;
    const u64 features_;
    std::atomic<bool> write_back_;  // the driver's choice; any vCPU

    // The device's thread.
    Session session_;
    RequestPool<Request, Block> pool_;
    unsigned in_flight_ = 0;
    std::function<void()> stopped_;  // set while stopping
};

}  // namespace trapeze::virtio
