#include "user_callbacks.h"

#include <glib.h>
#include <sys/epoll.h>

#include "trapeze/base/log.h"
#include "user_port.h"

namespace trapeze::net {
namespace {

constexpr s64 kNsPerMs = 1'000'000;

struct EventPair {
    int slirp;
    u32 epoll;
};
constexpr EventPair kEvents[] = {{SLIRP_POLL_IN, EPOLLIN},
                                 {SLIRP_POLL_OUT, EPOLLOUT},
                                 {SLIRP_POLL_PRI, EPOLLPRI},
                                 {SLIRP_POLL_ERR, EPOLLERR},
                                 {SLIRP_POLL_HUP, EPOLLHUP}};

void print_limited(const gchar*, GLogLevelFlags, const gchar* message, gpointer) {
    static RateLimiter limiter;
    if (limiter.allow()) print_warning(fmt::format("libslirp: {}", message));
}

}  // namespace

u32 to_epoll(int events) {
    u32 out = 0;
    for (const EventPair& pair : kEvents) {
        if ((events & pair.slirp) != 0) out |= pair.epoll;
    }
    return out;
}

int from_epoll(u32 events) {
    int out = 0;
    for (const EventPair& pair : kEvents) {
        if ((events & pair.epoll) != 0) out |= pair.slirp;
    }
    return out;
}

void limit_library_messages() {
    constexpr auto kLevels = static_cast<GLogLevelFlags>(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING |
                                                         G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO);
    [[maybe_unused]] static const guint once = g_log_set_handler("Slirp", kLevels, print_limited, nullptr);
}

std::string connection_table(Slirp* slirp) {
    char* text = slirp_connection_info(slirp);
    std::string copy(text);
    g_free(text);
    return copy;
}

struct UserPort::Callbacks {
    static UserPort& port(void* opaque) { return *static_cast<UserPort*>(opaque); }

    static ssize_t send_packet(const void* bytes, size_t size, void* opaque) {
        port(opaque).deliver({static_cast<const u8*>(bytes), size});
        return static_cast<ssize_t>(size);
    }
    static void guest_error(const char* message, void*) { GUEST_ERROR("network: {}", message); }
    static s64 clock_get_ns(void* opaque) { return static_cast<s64>(port(opaque).loop_.now_ns()); }

    static void* timer_new(SlirpTimerId id, void* argument, void* opaque) {
        return new SlirpTimer{.port = port(opaque), .id = id, .argument = argument};
    }
    static void timer_free(void* timer, void* opaque) {
        port(opaque).loop_.cancel(static_cast<SlirpTimer*>(timer)->pending);
        delete static_cast<SlirpTimer*>(timer);
    }
    static void timer_mod(void* opaque_timer, s64 milliseconds, void* opaque) {
        auto* timer = static_cast<SlirpTimer*>(opaque_timer);
        EventLoop& loop = port(opaque).loop_;
        loop.cancel(timer->pending);
        timer->pending = loop.call_at(static_cast<u64>(milliseconds * kNsPerMs), [timer] {
            timer->pending = TimerId::None;
            timer->port.expired(*timer);
        });
    }

    // Either way, what is known of this number is of another socket.
    static void register_poll_fd(int fd, void* opaque) {
        port(opaque).polls_.forget(fd);
        port(opaque).socket_is_new_ = true;
    }
    static void unregister_poll_fd(int fd, void* opaque) { port(opaque).polls_.forget(fd); }
    // A receive buffer has room again: settle(), which always follows, sees that.
    static void notify(void*) {}
    // Timers are made while slirp_new() runs.
    static void init_completed(Slirp* slirp, void* opaque) { port(opaque).slirp_ = slirp; }
};

const SlirpCb UserPort::kCallbacks = {
    .send_packet = Callbacks::send_packet,
    .guest_error = Callbacks::guest_error,
    .clock_get_ns = Callbacks::clock_get_ns,
    .timer_new = nullptr,
    .timer_free = Callbacks::timer_free,
    .timer_mod = Callbacks::timer_mod,
    .register_poll_fd = Callbacks::register_poll_fd,
    .unregister_poll_fd = Callbacks::unregister_poll_fd,
    .notify = Callbacks::notify,
    .init_completed = Callbacks::init_completed,
    .timer_new_opaque = Callbacks::timer_new,
};

}  // namespace trapeze::net
