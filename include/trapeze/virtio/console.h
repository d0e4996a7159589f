// 5.3 "Console Device": several byte streams between the guest and the host. A port is a console (hvc0 in
// Linux) or a serial port with a name (/dev/virtio-ports/NAME).
//
// What the host does not take stays in the guest's queue, and what the guest has no buffer for stays with the
// host. Whether somebody is at the other end is the host end's business: it takes everything while nobody is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "trapeze/bus/char_port.h"
#include "trapeze/virtio/device.h"

namespace trapeze::virtio {

class Console final : public Device {
public:
    // Ports have numbers below the limit that a device has; there are never more than this.
    static constexpr u32 kMostPorts = 31;

    struct PortOptions {
        u32 number = 0;
        std::string name = {};
        bool console = false;
        // Peers of `host` come and go, and the guest hears of it. Otherwise one is always there.
        bool peers = false;
        std::unique_ptr<bus::CharPort> host = nullptr;
    };

    // Created and destroyed on the device's thread, on which the ports' hosts call back. Numbers differ and
    // are below `max_ports`, which is at most kMostPorts.
    Console(std::vector<PortOptions> ports, u32 max_ports);
    ~Console() override;

    DeviceId id() const override { return DeviceId::Console; }
    std::string_view name() const override { return "virtio-console"; }
    u64 features() const override;
    std::span<const u16> queue_sizes() const override { return queue_sizes_; }
    void read_config(u32 offset, std::span<u8> to) override;

    void start(Session session) override;
    void notified(u16 queue) override;
    // What the guest has sent is offered to the host once more, then lost.
    void stop(std::function<void()> stopped) override;

private:
    class Port;

    Port* port(u32 number) const { return number < by_number_.size() ? by_number_[number] : nullptr; }
    bool multiport() const;

    // console_control.cc
    void take_commands();
    void obey(std::span<const u8> message);
    // Tells the guest what is new as far as it has buffers for that.
    void tell();
    bool tell(Queue& queue, Port& port);

    const u32 max_ports_;
    const std::vector<u16> queue_sizes_;

    // The device's thread.
    Session session_;
    std::vector<std::unique_ptr<Port>> ports_;
    std::vector<Port*> by_number_;
    Chain command_;
    Chain answer_;
};

}  // namespace trapeze::virtio
