// Sockets as host ends of character devices.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "stream_port.h"
#include "trapeze/base/log.h"

namespace trapeze::chardev {
namespace {

// After a failure to accept that is not the peer's doing (no descriptors left).
constexpr u64 kAcceptRetryNs = 1'000'000'000;

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

Result<Fd> new_socket(const Endpoint& endpoint) {
    Fd fd(::socket(endpoint.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno(errno, "could not create a socket");
    return fd;
}

// Keystrokes and monitor answers are small and awaited.
void make_stream(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // fails for AF_UNIX, which never delays
}

class SocketClient final : public StreamPort {
public:
    SocketClient(EventLoop& loop, Fd fd) : StreamPort(loop) {
        make_stream(fd.get());
        attach(std::move(fd));
    }

private:
    void peer_gone(Fd) override {}
};

class SocketServer final : public StreamPort {
public:
    SocketServer(EventLoop& loop, Fd listener, std::string path)
        : StreamPort(loop), listener_(std::move(listener)), path_(std::move(path)) {}
    ~SocketServer() override {
        stop_listening();
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    Result<> wait_for_peer();
    Result<> listen();

private:
    void peer_gone(Fd) override { listen_again(); }
    void listen_again();
    void stop_listening();
    bool accept_peer();

    const Fd listener_;
    const std::string path_;
    bool listening_ = false;  // event-loop thread
};

Result<> SocketServer::wait_for_peer() {
    for (;;) {
        pollfd waiting{listener_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, -1) < 0 && errno != EINTR)
            return fail_errno(errno, "could not wait for a peer");
        if (accept_peer()) return {};
    }
}

bool SocketServer::accept_peer() {
    Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) return false;
    make_stream(fd.get());
    attach(std::move(fd));
    return true;
}

// The listener is not looked at while there is a peer: the next one waits in its queue.
Result<> SocketServer::listen() {
    TRY(loop_.watch(listener_.get(), EPOLLIN, [this](u32) {
        if (accept_peer()) {
            stop_listening();
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            stop_listening();
            loop_.call_after(kAcceptRetryNs, [this, weak = std::weak_ptr<StreamPort*>(self_)] {
                if (const auto alive = weak.lock()) listen_again();
            });
        }
    }));
    listening_ = true;
    return {};
}

void SocketServer::listen_again() {
    if (listening_ || connected()) return;
    if (const Result<> listened = listen(); !listened) print_warning(listened.error().message());
}

void SocketServer::stop_listening() {
    if (listening_) loop_.unwatch(listener_.get());
    listening_ = false;
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

}  // namespace

std::string SocketAddress::text() const {
    if (fd >= 0) return fmt::format("fd:{}", fd);
    if (!path.empty()) return "unix:" + path;
    return host.find(':') == std::string::npos ? fmt::format("tcp:{}:{}", host, port)
                                               : fmt::format("tcp:[{}]:{}", host, port);
}

Result<std::unique_ptr<Backend>> open_socket_server(EventLoop& loop, const SocketAddress& address,
                                                    bool wait) {
    const std::string what = fmt::format("could not listen on {}", address.text());
    const Endpoint endpoint = TRY(with_context(endpoint_of(address, true), what));
    Fd fd = TRY(new_socket(endpoint));
    if (address.path.empty()) {
        const int on = 1;
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    } else {
        TRY(with_context(remove_stale(address.path), what));
    }
    if (::bind(fd.get(), endpoint.get(), endpoint.size) != 0) return fail_errno(errno, "{}", what);
    const int raw = fd.get();
    auto server = std::make_unique<SocketServer>(loop, std::move(fd), address.path);
    if (::listen(raw, 1) != 0) return fail_errno(errno, "{}", what);
    if (wait) {
        print_note(fmt::format("waiting for connection on: {},server=on", address.text()));
        TRY(server->wait_for_peer());
    }
    fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK);
    if (!wait) TRY(server->listen());
    return server;
}

Result<std::unique_ptr<Backend>> open_socket_client(EventLoop& loop, const SocketAddress& address) {
    if (address.fd >= 0) {
        int type = 0;
        socklen_t size = sizeof(type);
        if (::getsockopt(address.fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
            return fail("descriptor {} is not a stream socket", address.fd);
        fcntl(address.fd, F_SETFD, FD_CLOEXEC);
        return std::make_unique<SocketClient>(loop, Fd(address.fd));
    }
    const std::string what = fmt::format("could not connect to {}", address.text());
    const Endpoint endpoint = TRY(with_context(endpoint_of(address, false), what));
    Fd fd = TRY(new_socket(endpoint));
    if (::connect(fd.get(), endpoint.get(), endpoint.size) != 0) return fail_errno(errno, "{}", what);
    return std::make_unique<SocketClient>(loop, std::move(fd));
}

}  // namespace trapeze::chardev
