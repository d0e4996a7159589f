#include "guest_relay.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace trapeze::net {
namespace {

// Of each direction.
constexpr std::size_t kBufferBytes = 64 << 10;

Fd spare_descriptor() {
    return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

// Two sockets, each of which is read when the other one has taken everything.
class GuestRelay::Connection {
public:
    Connection(GuestRelay& relay, Fd guest, Fd host) : relay_(relay) {
        ends_[0].fd = std::move(guest);
        ends_[1].fd = std::move(host);
        ends_[1].connecting = true;
    }
    ~Connection() {
        for (End& end : ends_) unwatch(end);
    }

    // Sets up what to wait for. The connection may be gone afterwards.
    void update() {
        const bool over =
            std::ranges::all_of(ends_, [](const End& end) { return end.ended && end.pending() == 0; });
        if (over || !(watch(ends_[0], ends_[1]) && watch(ends_[1], ends_[0]))) relay_.finished(*this);
    }

private:
    struct End {
        Fd fd;
        u32 watched = 0;
        bool connecting = false;
        bool ended = false;       // nothing more comes from it
        bool end_passed = false;  // and the other end has been told
        std::size_t sent = 0;     // of what has come from it, by the other end
        std::size_t received = 0;
        std::array<u8, kBufferBytes> buffer;
        std::size_t pending() const { return received - sent; }
    };

    void unwatch(End& end) {
        if (end.watched != 0) relay_.loop_.unwatch(end.fd.get());
        end.watched = 0;
    }

    bool watch(End& end, const End& other) {
        u32 events = 0;
        if (end.connecting || other.pending() != 0) events |= EPOLLOUT;
        if (!end.connecting && !end.ended && end.pending() == 0) events |= EPOLLIN;
        if (events == end.watched) return true;
        unwatch(end);
        if (events == 0) return true;  // a hang-up is not looked at either
        const auto done =
            relay_.loop_.watch(end.fd.get(), events, [this, &end](u32 ready) { serve(end, ready); });
        if (done) end.watched = events;
        return done.has_value();
    }

    void serve(End& end, u32 ready) {
        End& other = &end == &ends_[0] ? ends_[1] : ends_[0];
        bool alive = true;
        if (end.connecting) {
            end.connecting = false;
            alive = connect_result(end.fd.get()) == 0;
        }
        if (alive && (ready & EPOLLOUT) != 0) alive = write(other, end);
        if (alive && (ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) alive = read(end) && write(end, other);
        if (alive) return update();
        relay_.finished(*this);
    }

    // False: the connection is broken.
    static bool read(End& from) {
        if (from.ended || from.pending() != 0) return true;
        const ssize_t bytes = ::recv(from.fd.get(), from.buffer.data(), from.buffer.size(), MSG_DONTWAIT);
        if (bytes < 0) return errno == EAGAIN || errno == EINTR;
        from.sent = 0;
        from.received = static_cast<std::size_t>(bytes);
        from.ended = bytes == 0;
        return true;
    }

    static bool write(End& from, End& to) {
        if (to.connecting) return true;
        if (from.pending() != 0) {
            const ssize_t bytes =
                ::send(to.fd.get(), &from.buffer[from.sent], from.pending(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (bytes < 0) return errno == EAGAIN || errno == EINTR;
            from.sent += static_cast<std::size_t>(bytes);
        }
        if (from.ended && from.pending() == 0 && !std::exchange(from.end_passed, true))
            ::shutdown(to.fd.get(), SHUT_WR);
        return true;
    }

    GuestRelay& relay_;
    std::array<End, 2> ends_;  // the guest's, the host's
};

GuestRelay::GuestRelay(EventLoop& loop, const SocketAddress& target) : loop_(loop), target_(target) {}

Result<std::unique_ptr<GuestRelay>> GuestRelay::create(EventLoop& loop, const SocketAddress& target) {
    std::unique_ptr<GuestRelay> self(new GuestRelay(loop, target));
    const char* temporary = std::getenv("TMPDIR");
    std::string directory = fmt::format("{}/trapeze-XXXXXX", temporary != nullptr ? temporary : "/tmp");
    if (::mkdtemp(directory.data()) == nullptr)
        return fail_errno(errno, "could not create a directory like {}", directory);
    self->directory_ = directory;
    self->listener_ = TRY(listen_on({.path = self->path()}, SOMAXCONN));
    self->spare_ = spare_descriptor();
    make_prompt(self->listener_.get());
    TRY(loop.watch(self->listener_.get(), EPOLLIN, [relay = self.get()](u32) { relay->accept(); }));
    return self;
}

GuestRelay::~GuestRelay() {
    if (listener_.valid()) loop_.unwatch(listener_.get());
    if (directory_.empty()) return;
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
}

void GuestRelay::accept() {
    while (accept_one()) {
    }
}

// False: there is none.
bool GuestRelay::accept_one() {
    Fd guest(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!guest.valid()) {
        if (errno != EMFILE && errno != ENFILE) return false;
        spare_.reset();
        Fd unwanted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const bool was_there = unwanted.valid();
        unwanted.reset();
        spare_ = spare_descriptor();
        return was_there;
    }
    Result<Fd> host = begin_connect_to(target_);
    if (!host) return true;  // the guest sees its connection end
    connections_.push_back(std::make_unique<Connection>(*this, std::move(guest), *std::move(host)));
    connections_.back()->update();
    return true;
}

void GuestRelay::finished(Connection& connection) {
    std::erase_if(connections_, [&](const auto& entry) { return entry.get() == &connection; });
}

}  // namespace trapeze::net
