// 9P transport (device 9; reserved in VIRTIO 1.2, its interface is that of Linux's net/9p/trans_virtio.c): a
// directory of the host for the guest.
#pragma once

#include <memory>
#include <string>

#include "trapeze/bus/file_share.h"
#include "trapeze/virtio/device.h"
#include "trapeze/virtio/request_pool.h"

namespace trapeze::virtio {

class P9 final : public Device {
public:
    static constexpr std::size_t kMostTagBytes = 254;  // what fits into a configuration space of virtio-mmio

    // `mount_tag`: what the guest calls it; up to kMostTagBytes.
    P9(std::unique_ptr<bus::FileShare> share, std::string mount_tag);
    ~P9() override;

    DeviceId id() const override { return DeviceId::P9; }
    std::string_view name() const override { return "virtio-9p"; }
    u64 features() const override;
    std::span<const u16> queue_sizes() const override;
    void read_config(u32 offset, std::span<u8> to) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    void stop(std::function<void()> stopped) override;

private:
    struct Request;

    void serve();
    void finished(Request& request, std::optional<u32> written);
    void end_session();

    const std::unique_ptr<bus::FileShare> share_;
    const std::vector<u8> config_;

    // The device's thread.
    Session session_;
    RequestPool<Request, P9> pool_;
    unsigned in_flight_ = 0;
    std::function<void()> stopped_;  // set while stopping
};

}  // namespace trapeze::virtio
