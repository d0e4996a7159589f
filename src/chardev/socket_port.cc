// Sockets as host ends of character devices.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

#include "stream_port.h"
#include "trapeze/base/log.h"

namespace trapeze::chardev {
namespace {

// After a failure to accept that is not the peer's doing (no descriptors left).
constexpr u64 kAcceptRetryNs = 1'000'000'000;

class SocketClient final : public StreamPort {
public:
    SocketClient(EventLoop& loop, Fd fd) : StreamPort(loop) {
        make_prompt(fd.get());
        attach(std::move(fd));
    }

private:
    void peer_gone(Fd) override {}
};

// A client that does not give up.
class ReconnectingClient final : public StreamPort {
public:
    ReconnectingClient(EventLoop& loop, SocketAddress address, u64 interval_ns)
        : StreamPort(loop), address_(std::move(address)), interval_ns_(interval_ns) {
        begin();
    }
    ~ReconnectingClient() override {
        if (pending_.valid()) loop_.unwatch(pending_.get());
    }

private:
    void peer_gone(Fd) override { begin_later(); }
    void begin();
    void begin_later();
    void decided();

    const SocketAddress address_;
    const u64 interval_ns_;
    Fd pending_;  // event-loop thread: its connection is under way
};

void ReconnectingClient::begin() {
    Result<Fd> fd = begin_connect_to(address_);
    if (!fd) return begin_later();
    pending_ = std::move(*fd);
    if (!loop_.watch(pending_.get(), EPOLLOUT, [this](u32) { decided(); })) {
        pending_.reset();
        begin_later();
    }
}

void ReconnectingClient::begin_later() {
    loop_.call_after(interval_ns_, [this, weak = std::weak_ptr<StreamPort*>(self_)] {
        if (const auto alive = weak.lock()) begin();
    });
}

void ReconnectingClient::decided() {
    loop_.unwatch(pending_.get());
    Fd fd = std::move(pending_);
    if (connect_result(fd.get()) != 0) return begin_later();
    make_prompt(fd.get());
    attach(std::move(fd));
}

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
    make_prompt(fd.get());
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

}  // namespace

Result<std::unique_ptr<Backend>> open_socket_server(EventLoop& loop, const SocketAddress& address,
                                                    bool wait) {
    Fd fd = TRY(listen_on(address));
    const int raw = fd.get();
    auto server = std::make_unique<SocketServer>(loop, std::move(fd), address.path);
    if (wait) {
        print_note(fmt::format("waiting for connection on: {},server=on", address.text()));
        TRY(server->wait_for_peer());
    }
    fcntl(raw, F_SETFL, fcntl(raw, F_GETFL) | O_NONBLOCK);
    if (!wait) TRY(server->listen());
    return server;
}

Result<std::unique_ptr<Backend>> open_socket_client(EventLoop& loop, const SocketAddress& address,
                                                    u64 reconnect_ns) {
    if (reconnect_ns != 0) return std::make_unique<ReconnectingClient>(loop, address, reconnect_ns);
    Fd fd = TRY(connect_to(address));
    return std::make_unique<SocketClient>(loop, std::move(fd));
}

}  // namespace trapeze::chardev
