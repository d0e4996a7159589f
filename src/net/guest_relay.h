// guestfwd to a socket of the host. libslirp connects what the guest opens to a socket in the file system;
// the relay has one in a directory of its own, and opens a connection to the target for each that it gets.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/base/sockets.h"

namespace trapeze::net {

class GuestRelay {
public:
    // On the loop's thread, as all of it.
    static Result<std::unique_ptr<GuestRelay>> create(EventLoop& loop, const SocketAddress& target);
    ~GuestRelay();
    GuestRelay(const GuestRelay&) = delete;
    GuestRelay& operator=(const GuestRelay&) = delete;

    // Where libslirp is to connect to.
    std::string path() const { return directory_ + "/socket"; }
    // Takes what waits there. After each connection, so that the next never has to wait, which it would do
    // for good on this thread.
    void accept();

private:
    class Connection;

    GuestRelay(EventLoop& loop, const SocketAddress& target);
    bool accept_one();
    void finished(Connection& connection);

    EventLoop& loop_;
    const SocketAddress target_;
    std::string directory_;
    Fd listener_;
    Fd spare_;  // given up to take, and end, a connection when there are no more descriptors
    std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace trapeze::net
