// One port of the console device: its two queues, and what the control queues have said of it.
#pragma once

#include "trapeze/virtio/console.h"

namespace trapeze::virtio {
namespace console {

// 5.3.3 "Feature bits".
inline constexpr u64 kMultiport = 1ull << 1;

// 5.3.2 "Virtqueues". Those of port n are at 0 and 1, or at 2n + 2 and 2n + 3.
inline constexpr u16 kControlReceive = 2;
inline constexpr u16 kControlTransmit = 3;
constexpr u16 receive_queue(u32 port) {
    return static_cast<u16>(port == 0 ? 0 : port * 2 + 2);
}
constexpr u16 transmit_queue(u32 port) {
    return static_cast<u16>(receive_queue(port) + 1);
}

// 5.3.6.2 "Multiport Device Operation". VIRTIO_CONSOLE_RESIZE is not sent: drivers and the specification have
// its fields in different orders.
struct Control {
    u32 id = 0;
    u16 event = 0;
    u16 value = 0;
};
static_assert(sizeof(Control) == 8);
enum Event : u16 {
    kDeviceReady = 0,
    kPortAdd = 1,
    kPortReady = 3,
    kConsolePort = 4,
    kPortOpen = 6,
    kPortName = 7,
};

}  // namespace console

class Console::Port final : private bus::CharReceiver {
public:
    Port(Console& owner, PortOptions options);
    ~Port() override;

    u32 number() const { return options_.number; }
    bool is_console() const { return options_.console; }
    const std::string& port_name() const { return options_.name; }
    bool host_open() const { return !options_.peers || connected_; }

    // A session has begun, or ends.
    void start();
    void stop();
    // The guest has filled its transmit queue, or its receive queue.
    void transmit();
    void buffers_added();
    void set_guest_open(bool open);

    // What the guest has not been told yet: bits of console::Event.
    void announce(console::Event event) { news_ |= 1u << event; }
    void told(console::Event event) { news_ &= ~(1u << event); }
    u32 news() const { return news_; }
    // The driver knows the port, so it hears what becomes of it.
    void set_known();

private:
    // bus::CharReceiver
    std::size_t receive_capacity() override;
    void receive(std::span<const u8> bytes) override;
    void receive_break() override {}
    void send_ready() override { transmit(); }
    void peer_changed(bool connected) override;

    // Sends the rest of outgoing_. False: the host takes no more now.
    bool send_outgoing();

    Console& owner_;
    const PortOptions options_;
    bool connected_ = false;

    // Of the session.
    bool guest_open_ = false;
    bool known_ = false;
    u32 news_ = 0;
    Chain incoming_;
    bool has_incoming_ = false;
    bool waits_for_buffers_ = false;  // the host has been told that there are none
    Chain outgoing_;
    bool has_outgoing_ = false;
    u64 sent_ = 0;  // bytes of outgoing_
};

}  // namespace trapeze::virtio
