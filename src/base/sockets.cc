#include "trapeze/base/sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace trapeze {
namespace {

struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Result<Endpoint> unix_endpoint(const std::string& path) {
    sockaddr_un address{};
    if (path.size() >= sizeof(address.sun_path)) {
        return fail("the socket path '{}' is longer than {} bytes", path, sizeof(address.sun_path) - 1);
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    Endpoint endpoint;
    std::memcpy(&endpoint.storage, &address, sizeof(address));
    endpoint.size = sizeof(address);
    return endpoint;
}

// No resolver: in a statically linked program it would need the libraries of the host at run time.
Result<Endpoint> inet_endpoint(const SocketAddress& where, bool server) {
    std::string host = where.host;
    if (host == "localhost") host = "127.0.0.1";
    if (host.empty()) host = server ? "0.0.0.0" : "127.0.0.1";
    Endpoint endpoint;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(where.port);
        std::memcpy(&endpoint.storage, &v4, sizeof(v4));
        endpoint.size = sizeof(v4);
    } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(where.port);
        std::memcpy(&endpoint.storage, &v6, sizeof(v6));
        endpoint.size = sizeof(v6);
    } else {
        return fail("'{}' is neither an IP address nor localhost", host);
    }
    return endpoint;
}

Result<Endpoint> endpoint_of(const SocketAddress& where, bool server) {
    if (!where.path.empty()) return unix_endpoint(where.path);
    return inet_endpoint(where, server);
}

// `type` with SOCK_NONBLOCK, if need be.
Result<Fd> new_socket(const Endpoint& endpoint, int type) {
    Fd fd(::socket(endpoint.get()->sa_family, type | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno(errno, "could not create a socket");
    return fd;
}

// A socket that a dead process left behind is in the way; a file of another kind is somebody's.
Result<> remove_stale(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode)) return fail("'{}' exists and is not a socket", path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail_errno(errno, "could not replace '{}'", path);
    return {};
}

Result<Fd> descriptor_of_type(int fd, int wanted, std::string_view what) {
    int type = 0;
    socklen_t size = sizeof(type);
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != wanted)
        return fail("descriptor {} is not a {} socket", fd, what);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return Fd(fd);
}

Result<Fd> connect_socket(const SocketAddress& address, int flags) {
    const std::string what = fmt::format("could not connect to {}", address.text());
    const Endpoint endpoint = TRY(with_context(endpoint_of(address, false), what));
    Fd fd = TRY(new_socket(endpoint, SOCK_STREAM | flags));
    if (::connect(fd.get(), endpoint.get(), endpoint.size) != 0 && errno != EINPROGRESS)
        return fail_errno(errno, "{}", what);
    return fd;
}

}  // namespace

std::string SocketAddress::text() const {
    if (fd >= 0) return fmt::format("fd:{}", fd);
    if (!path.empty()) return "unix:" + path;
    return host.find(':') == std::string::npos ? fmt::format("tcp:{}:{}", host, port)
                                               : fmt::format("tcp:[{}]:{}", host, port);
}

Result<Fd> listen_on(const SocketAddress& address, int backlog) {
    const std::string what = fmt::format("could not listen on {}", address.text());
    const Endpoint endpoint = TRY(with_context(endpoint_of(address, true), what));
    Fd fd = TRY(new_socket(endpoint, SOCK_STREAM));
    if (address.path.empty()) {
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    } else {
        TRY(with_context(remove_stale(address.path), what));
    }
    if (::bind(fd.get(), endpoint.get(), endpoint.size) != 0) return fail_errno(errno, "{}", what);
    if (::listen(fd.get(), backlog) != 0) {
        const int number = errno;
        if (!address.path.empty()) ::unlink(address.path.c_str());
        return fail_errno(number, "{}", what);
    }
    return fd;
}

Result<Fd> connect_to(const SocketAddress& address) {
    if (address.fd >= 0) return descriptor_of_type(address.fd, SOCK_STREAM, "stream");
    return connect_socket(address, 0);
}

Result<Fd> begin_connect_to(const SocketAddress& address) {
    return connect_socket(address, SOCK_NONBLOCK);
}

Result<Fd> datagram_socket(const SocketAddress& local, const SocketAddress& remote) {
    if (local.fd >= 0) {
        Fd fd = TRY(descriptor_of_type(local.fd, SOCK_DGRAM, "datagram"));
        fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
        return fd;
    }
    const Endpoint here = TRY(inet_endpoint(local, true));
    const Endpoint there = TRY(inet_endpoint(remote, false));
    Fd fd = TRY(new_socket(here, SOCK_DGRAM | SOCK_NONBLOCK));
    if (::bind(fd.get(), here.get(), here.size) != 0)
        return fail_errno(errno, "could not bind to {}", local.text());
    if (::connect(fd.get(), there.get(), there.size) != 0)
        return fail_errno(errno, "could not connect to {}", remote.text());
    return fd;
}

int connect_result(int fd) {
    int number = 0;
    socklen_t size = sizeof(number);
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) return errno;
    return number;
}

void make_prompt(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // fails for AF_UNIX, which never delays
}

}  // namespace trapeze
