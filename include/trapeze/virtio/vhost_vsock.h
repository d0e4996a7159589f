// 5.10 "Socket Device", served by the host's kernel: the guest is a peer in the host's own AF_VSOCK.
//
// The kernel works on the rings of both directions. Here remain the configuration space, the life of the
// device, and the way between the kernel's eventfds and the driver: a notification is passed on as a kick, a
// call becomes an interrupt.
#pragma once

#include <array>
#include <memory>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/bus/vhost.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class VhostVsock final : public Device {
public:
    // `guest_cid`: the guest's address, which `kernel` has been told. `loop` is that of the device's thread;
    // it and `memory` outlive the device.
    static Result<std::unique_ptr<VhostVsock>> create(EventLoop& loop, mem::GuestMemory& memory,
                                                      std::unique_ptr<bus::Vhost> kernel, u64 guest_cid);
    ~VhostVsock() override;

    DeviceId id() const override { return DeviceId::Vsock; }
    std::string_view name() const override { return "vhost-vsock"; }
    u64 features() const override;
    u64 ring_features() const override;
    std::span<const u16> queue_sizes() const override;
    void read_config(u32 offset, std::span<u8> to) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    // Connections are the kernel's, which is not told that they have ended.
    void stop(std::function<void()> stopped) override;

private:
    // Those that the kernel serves: 0 to the guest, 1 from the guest. The one for events, 2, stays idle, as
    // all events are about migration (5.10.6.7 "Device Events").
    static constexpr u16 kRings = 2;
    struct Events {
        Fd kick, call, error;
    };

    VhostVsock(EventLoop& loop, mem::GuestMemory& memory, std::unique_ptr<bus::Vhost> kernel, u64 guest_cid)
        : loop_(loop), memory_(memory), kernel_(std::move(kernel)), guest_cid_(guest_cid) {}

    Result<> hand_over();
    Result<> watch();
    void release();

    EventLoop& loop_;
    mem::GuestMemory& memory_;
    const std::unique_ptr<bus::Vhost> kernel_;
    const u64 guest_cid_;
    std::array<Events, kRings> events_;  // const after create()

    // The device's thread.
    Session session_;
    bool running_ = false;  // the kernel has the rings
    bool warned_ = false;
};

}  // namespace trapeze::virtio
