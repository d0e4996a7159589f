// 5.4 "Entropy Device".
#pragma once

#include <optional>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class Rng final : public Device {
public:
    // The guest gets at most `bytes` in each period.
    struct Limit {
        u64 bytes = ~u64{0};
        u64 period_ns = 0;
    };

    // Randomness is read from `source`, without blocking, or from the host's kernel if that is no descriptor.
    // `loop` is that of the device's thread.
    Rng(EventLoop& loop, Fd source, Limit limit);
    ~Rng() override;

    DeviceId id() const override { return DeviceId::Entropy; }
    std::string_view name() const override { return "virtio-rng"; }
    u64 features() const override { return 0; }
    std::span<const u16> queue_sizes() const override;
    void read_config(u32, std::span<u8>) override {}

    void start(Session session) override;
    void notified(u16 queue) override;
    void stop(std::function<void()> stopped) override;

private:
    void serve();
    u64 quota();
    // Bytes, at least 1. nullopt: none now; when there are some again, serve() is called.
    std::optional<u32> read_into(std::span<u8> to);
    void watch_source();
    void stop_waiting();

    EventLoop& loop_;
    const Fd source_;
    const Limit limit_;

    // The device's thread.
    Session session_;
    Chain request_;
    bool waiting_ = false;  // request_ has not been answered
    u64 quota_ = 0;         // bytes left
    u64 period_end_ = 0;    // ns; of the scheduler
    bool watching_ = false;
    bool warned_ = false;
    TimerId timer_ = TimerId::None;
};

}  // namespace trapeze::virtio
