#include "trapeze/net/unix_streams.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <deque>
#include <string_view>

#include "trapeze/base/sockets.h"
#include "unix_stream.h"

namespace trapeze::net {
namespace {

// Who connects and says nothing is forgotten for those who come later.
constexpr std::size_t kMostWaiting = 64;
constexpr int kBacklog = 64;
// After a failure to accept that is not the peer's doing: no descriptors left.
constexpr u64 kAcceptRetryNs = 1'000'000'000;
// "CONNECT 4294967295\r\n".
constexpr std::size_t kLongestLine = 20;

// nullopt: this is not what has to be said.
std::optional<u32> parse_connect(std::string_view line) {
    constexpr std::string_view kConnect = "CONNECT ";
    if (!line.starts_with(kConnect) || !line.ends_with('\n')) return std::nullopt;
    line.remove_suffix(line.ends_with("\r\n") ? 2 : 1);
    line.remove_prefix(kConnect.size());
    u32 port = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), port);
    if (error != std::errc() || end != line.data() + line.size()) return std::nullopt;
    return port;
}

class UnixStreams final : public bus::StreamHost {
public:
    UnixStreams(EventLoop& loop, std::string path) : loop_(loop), path_(std::move(path)) {}
    ~UnixStreams() override;
    Result<> start();

    std::unique_ptr<bus::Stream> connect(u32 port) override;
    void set_listener(Listener listener) override { listener_ = std::move(listener); }

private:
    Result<> listen();
    void accept();
    void greet(int fd);
    Fd take_waiting(int fd);

    EventLoop& loop_;
    const std::string path_;
    Listener listener_;
    Fd socket_;
    bool listening_ = false;
    TimerId retry_ = TimerId::None;
    struct Waiting {
        Fd fd;
        std::string line = {};  // as much as has come
    };
    std::deque<Waiting> waiting_;  // oldest first
};

UnixStreams::~UnixStreams() {
    loop_.cancel(retry_);
    for (const Waiting& each : waiting_) loop_.unwatch(each.fd.get());
    if (!socket_.valid()) return;
    if (listening_) loop_.unwatch(socket_.get());
    ::unlink(path_.c_str());
}

Result<> UnixStreams::start() {
    socket_ = TRY(listen_on({.path = path_}, kBacklog));
    make_prompt(socket_.get());
    return listen();
}

Result<> UnixStreams::listen() {
    TRY(loop_.watch(socket_.get(), EPOLLIN, [this](u32) { accept(); }));
    listening_ = true;
    return {};
}

// A socket of this kind is connected at once, or not at all: a listener whose queue is full is as good as
// none.
std::unique_ptr<bus::Stream> UnixStreams::connect(u32 port) {
    Result<Fd> fd = begin_connect_to({.path = fmt::format("{}_{}", path_, port)});
    if (!fd) return nullptr;
    return std::make_unique<UnixStream>(loop_, *std::move(fd));
}

void UnixStreams::accept() {
    Fd fd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
        loop_.unwatch(socket_.get());
        listening_ = false;
        retry_ = loop_.call_after(kAcceptRetryNs, [this] {
            retry_ = TimerId::None;
            (void)listen();
        });
        return;
    }
    if (waiting_.size() >= kMostWaiting) (void)take_waiting(waiting_.front().fd.get());
    const int number = fd.get();
    if (loop_.watch(number, EPOLLIN, [this, number](u32) { greet(number); }))
        waiting_.push_back({std::move(fd)});
}

Fd UnixStreams::take_waiting(int number) {
    const auto found = std::ranges::find(waiting_, number, [](const Waiting& each) { return each.fd.get(); });
    Fd fd = std::move(found->fd);
    waiting_.erase(found);
    loop_.unwatch(number);
    return fd;
}

// Byte by byte, since what is behind the line is the guest's.
void UnixStreams::greet(int number) {
    const auto found = std::ranges::find(waiting_, number, [](const Waiting& each) { return each.fd.get(); });
    std::string& line = found->line;
    while (line.size() < kLongestLine && !line.ends_with('\n')) {
        char byte = 0;
        const ssize_t bytes = ::recv(number, &byte, 1, MSG_DONTWAIT);
        if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (bytes <= 0) break;
        line += byte;
    }
    const std::optional<u32> port = parse_connect(line);
    Fd fd = take_waiting(number);
    if (port && listener_) listener_(std::make_unique<UnixStream>(loop_, std::move(fd)), *port);
}

}  // namespace

Result<std::unique_ptr<bus::StreamHost>> open_unix_streams(const std::string& path, EventLoop& loop) {
    auto streams = std::make_unique<UnixStreams>(loop, path);
    TRY(streams->start());
    return std::unique_ptr<bus::StreamHost>(std::move(streams));
}

}  // namespace trapeze::net
