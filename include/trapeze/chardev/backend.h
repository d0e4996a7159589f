// Host ends of character devices. Sending never blocks a vCPU: a queue of 64 KiB stands between the guest and
// the host, emptied by a thread of its own, or for sockets and pseudo-terminals by the event loop; while it is
// full, send() takes less and the device shows the guest a busy transmitter. Input is read on the event-loop
// thread, never more than the receiver has room for.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/result.h"
#include "trapeze/base/sockets.h"
#include "trapeze/base/terminal.h"
#include "trapeze/bus/char_port.h"

namespace trapeze::chardev {

// Created and destroyed on the event-loop thread or while it does not run; the loop outlives it. The
// destructor gives the host a second to take what is queued.
class Backend : public bus::CharPort {
public:
    // Waits until all that was sent is with the host, at most `timeout_ns`. False: some of it is not. Any
    // thread.
    virtual bool flush(u64 timeout_ns) = 0;
    // Whether somebody is at the other end. Event-loop thread.
    virtual bool connected() const { return true; }
};

// Standard input and output. A terminal is put into raw mode; `signals` says whether Ctrl-C still ends the
// program (off below a Mux, which has its own key for that). The end of input is not an error: there is just
// no more.
Result<std::unique_ptr<Backend>> open_stdio(EventLoop& loop, TerminalSignals signals);

// Output to a file, truncated or appended to. Input is what is in `input_path`, or comes there if that is a
// pipe or the like; empty: there is none.
Result<std::unique_ptr<Backend>> open_file(EventLoop& loop, const std::string& path, bool append,
                                           const std::string& input_path = {});

// Takes everything and gives nothing.
std::unique_ptr<Backend> open_null();

// One peer at a time. What is sent while there is none is lost, as on an unplugged cable; input is lost too if
// the receiver takes none of it for a second after the peer has hung up.
//
// The server listens, and takes the next peer when one has gone; with `wait` this call returns only when the
// first one is there. Removes a stale socket at `path` before, and its own at the end.
Result<std::unique_ptr<Backend>> open_socket_server(EventLoop& loop, const SocketAddress& address, bool wait);
// Connects once, now. With `reconnect_ns` it connects when it can, and again when the peer has gone, with that
// much time between two attempts.
Result<std::unique_ptr<Backend>> open_socket_client(EventLoop& loop, const SocketAddress& address,
                                                    u64 reconnect_ns = 0);

// A new pseudo-terminal in raw mode; `name` receives the path of its other end. Peers open and close that as
// they like.
Result<std::unique_ptr<Backend>> open_pty(EventLoop& loop, std::string& name);

// A device for tests that guests send commands to: a decimal number and a letter. "nq" calls `exit` with the
// status 2n + 1, on the event-loop thread.
std::unique_ptr<Backend> open_testdev(EventLoop& loop, std::function<void(int status)> exit);

// Keeps the last `bytes` of the output, a power of two, for who asks.
class RingBuffer : public Backend {
public:
    // Takes up to `most` of the oldest bytes out. Any thread.
    virtual std::string read(std::size_t most) = 0;
};
std::unique_ptr<RingBuffer> open_ringbuf(std::size_t bytes);

// Any pair of descriptors: `in` (or -1 for none) stays the caller's and open, `out` is duplicated. `what`
// names the output in warnings.
Result<std::unique_ptr<Backend>> open_descriptors(EventLoop& loop, int in, int out, const std::string& what);

}  // namespace trapeze::chardev
