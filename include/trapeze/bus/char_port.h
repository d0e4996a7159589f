// The two ends of a byte stream between a device (serial port, console) and the host. The host end is in
// chardev/.
#pragma once

#include <span>

#include "trapeze/base/types.h"

namespace trapeze::bus {

// Implemented by devices: receives what the user or peer sends. Called from the event-loop thread.
class CharReceiver {
public:
    virtual ~CharReceiver() = default;
    // How many bytes receive() would take now; the port reads no more than that from the host.
    virtual std::size_t receive_capacity() = 0;
    virtual void receive(std::span<const u8> bytes) = 0;
    // A break condition on the line (Ctrl-A b).
    virtual void receive_break() = 0;
    // The port has room again after a send() that took less than it was given.
    virtual void send_ready() {}
    // On a shared terminal: the user's input now goes to this receiver, or no longer does.
    virtual void focus_changed(bool /*focused*/) {}
    // On a stream whose peers come and go: there is one now, or no longer. Told first of all about a peer.
    virtual void peer_changed(bool /*connected*/) {}
};

// Implemented by host back ends: takes what the guest sends. Callable from any thread; never blocks. A port
// never calls its receiver from within these calls, so devices may make them with their own lock held.
class CharPort {
public:
    virtual ~CharPort() = default;
    // Queues bytes for output and returns how many were taken; less than asked when the host is slow.
    virtual std::size_t send(std::span<const u8> bytes) = 0;
    // The one receiver of input and its port's news; nullptr detaches it. On the event-loop thread, or while
    // the loop does not run.
    virtual void set_receiver(CharReceiver* receiver) = 0;
    // The receiver has room again after having reported none. From any thread.
    virtual void receiver_ready() = 0;
};

}  // namespace trapeze::bus
