// Connections between programs of the guest and of the host, as a device sees them that carries many at once;
// what they are made of on the host is in net/.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "trapeze/base/types.h"

namespace trapeze::bus {

class StreamUser {
public:
    virtual ~StreamUser() = default;
    // Once after a receive() that got nothing: it is worth another try.
    virtual void stream_readable() = 0;
    // Once after a send() that took less than it was given: there may be room again.
    virtual void stream_writable() = 0;
};

// The host's end of a connection, which is closed with it. Everything on one thread; no call blocks, and none
// calls the user.
class Stream {
public:
    virtual ~Stream() = default;
    virtual void set_user(StreamUser& user) = 0;
    // How many bytes were taken. nullopt: the connection is broken.
    virtual std::optional<std::size_t> send(std::span<const u8> bytes) = 0;
    // There is nothing more to come.
    virtual void send_end() = 0;
    enum class State : u8 {
        Open,   // received some bytes, or none for now
        Ended,  // the peer sends nothing more, and may still receive
        Gone,   // nor that
    };
    struct Received {
        std::size_t bytes = 0;
        State state = State::Open;
    };
    // `to` has room for a byte at least.
    virtual Received receive(std::span<u8> to) = 0;
};

class StreamHost {
public:
    virtual ~StreamHost() = default;
    // To who listens there on the host. nullptr: nobody.
    virtual std::unique_ptr<Stream> connect(u32 port) = 0;
    // Is given the connections that programs of the host make to ports of the guest; who does not want one
    // drops it.
    using Listener = std::function<void(std::unique_ptr<Stream> stream, u32 port)>;
    virtual void set_listener(Listener listener) = 0;
};

}  // namespace trapeze::bus
