// Sockets of the host, by address.
#pragma once

#include <string>

#include "trapeze/base/fd.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze {

// Where a socket is: a path, or a host and port, or a descriptor that is one already.
struct SocketAddress {
    std::string path = {};  // AF_UNIX
    std::string host = {};  // an IPv4 or IPv6 address or "localhost"; empty for a server: every address
    u16 port = 0;
    int fd = -1;  // connected; becomes the user's
    // As in a -chardev's description: "unix:PATH" or "tcp:HOST:PORT".
    std::string text() const;
};

// Errors of all these name the address.

// A listening socket, at which `backlog` connections can wait. Removes a stale socket at `path` before.
Result<Fd> listen_on(const SocketAddress& address, int backlog = 1);
// Waits for the connection to be there, or, for a descriptor, checks that it is a stream socket.
Result<Fd> connect_to(const SocketAddress& address);
// A non-blocking socket whose connection is there or under way: EPOLLOUT says when it is decided.
Result<Fd> begin_connect_to(const SocketAddress& address);
// What came of it, as an errno value.
int connect_result(int fd);

// A non-blocking datagram socket with both addresses, which have ports, or, if `local` is a descriptor, that
// one.
Result<Fd> datagram_socket(const SocketAddress& local, const SocketAddress& remote);

// Makes a connected or accepted socket non-blocking and, where that applies, one that sends small messages at
// once.
void make_prompt(int fd);

}  // namespace trapeze
