// 5.1 "Network Device".
#pragma once

#include <array>
#include <atomic>

#include "trapeze/bus/net_port.h"
#include "trapeze/virtio/device.h"
#include "trapeze/virtio/net_filter.h"

namespace trapeze::virtio {

class Net final : public Device, private bus::NetReceiver {
public:
    struct Options {
        MacAddress mac{};
        u16 mtu = 0;      // offered to the driver; 0: not
        u64 without = 0;  // features that are not offered, and with them those that need them
    };

    // Created and destroyed on the device's thread.
    Net(std::unique_ptr<bus::NetPort> port, const Options& options);
    ~Net() override;

    DeviceId id() const override { return DeviceId::Net; }
    std::string_view name() const override { return "virtio-net"; }
    u64 features() const override { return features_; }
    std::span<const u16> queue_sizes() const override;
    void read_config(u32 offset, std::span<u8> to) override;
    void write_config(u32 offset, std::span<const u8> from) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    void stop(std::function<void()> stopped) override;

    // The device's thread.
    // Plugs the cable in or pulls it out.
    void set_link(bool up);
    bool link() const;
    MacAddress mac() const;
    bus::NetPort& port() { return *port_; }

private:
    enum QueueNumber : u16 { kReceive = 0, kTransmit = 1, kControl = 2 };

    // bus::NetReceiver
    bool receive(const bus::NetOffload& offload, std::span<const u8> frame) override;
    void receive_end() override;
    void send_ready() override { transmit(); }

    // net.cc
    u64 offered(const Options& options) const;
    u32 negotiated_receive_offloads() const;
    u32 header_bytes() const;

    // net_receive.cc
    bool wanted(std::span<const u8> frame) const;
    // Takes one more buffer. False: there is none, or the queue is broken.
    bool take_room(Queue& queue);
    void fill_buffers(Queue& queue, const bus::NetOffload& offload, std::span<const u8> frame);

    // net_transmit.cc
    void transmit();
    // False: the port is busy.
    bool transmit_one(Queue& queue);

    // net_control.cc
    void control();
    bool perform(std::span<const u8> command);
    bool control_receive(u8 command, std::span<const u8> data);
    bool control_mac(u8 command, std::span<const u8> data);
    bool control_vlan(u8 command, std::span<const u8> data);
    bool control_offloads(u8 command, std::span<const u8> data);

    const std::unique_ptr<bus::NetPort> port_;
    const u64 features_;
    const u16 mtu_;
    const MacAddress own_mac_;

    // Bytes 0 to 5 of the configuration space. Changed by the driver: through the control queue on the
    // device's thread, or, with the legacy interface, by a vCPU that writes there.
    std::atomic<u64> mac_;
    std::atomic<bool> link_{true};

    // The device's thread.
    Session session_;
    NetFilter filter_;
    // Buffers for received frames that have been taken out of the queue and not been used.
    std::vector<Chain> room_;
    std::size_t room_count_ = 0;
    u64 room_bytes_ = 0;
    bool waits_for_room_ = false;  // the port has a frame
    std::vector<Queue::Answer> answers_;
    Chain outgoing_;
    bool outgoing_waits_ = false;  // the port did not take it
    std::vector<std::span<const u8>> parts_;
    Chain request_;
    std::vector<u8> command_;
};

}  // namespace trapeze::virtio
