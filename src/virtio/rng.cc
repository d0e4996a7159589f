#include "trapeze/virtio/rng.h"

#include <sys/epoll.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "trapeze/base/log.h"

namespace trapeze::virtio {
namespace {

constexpr u16 kSizes[] = {64};
// Of one request: the driver asks again, and nobody waits long for the host's random numbers.
constexpr u64 kMostBytes = 64 << 10;

}  // namespace

Rng::Rng(EventLoop& loop, Fd source, Limit limit) : loop_(loop), source_(std::move(source)), limit_(limit) {}

Rng::~Rng() = default;

std::span<const u16> Rng::queue_sizes() const {
    return kSizes;
}

void Rng::start(Session session) {
    session_ = std::move(session);
    serve();
}

void Rng::notified(u16) {
    if (!watching_ && timer_ == TimerId::None) serve();
}

void Rng::stop(std::function<void()> stopped) {
    stop_waiting();
    session_ = {};
    waiting_ = false;
    stopped();
}

// 5.4.6 "Device Operation": each buffer gets at least a byte.
void Rng::serve() {
    stop_waiting();
    Queue* queue = session_.queue(0);
    if (queue == nullptr) return;
    for (unsigned served = 0;; ++served) {
        if (served == kBatch) {
            session_.host->notify_again(0);
            break;
        }
        if (!waiting_) {
            if (!queue->pop(request_)) {
                if (queue->rearm()) continue;
                break;
            }
            waiting_ = true;
        }
        if (request_.writable.empty()) {
            queue->set_broken("a request for random bytes has no room for any");
            break;
        }
        const std::optional<u32> bytes = read_into(request_.writable.front());
        if (!bytes) break;
        queue->push(request_, *bytes);
        waiting_ = false;
    }
    complete(session_, 0);
}

u64 Rng::quota() {
    if (limit_.period_ns == 0) return limit_.bytes;
    if (const u64 now = loop_.now_ns(); now >= period_end_) {
        quota_ = limit_.bytes;
        period_end_ = now + limit_.period_ns;
    }
    return quota_;
}

std::optional<u32> Rng::read_into(std::span<u8> to) {
    const u64 most = std::min<u64>({to.size(), kMostBytes, quota()});
    if (most == 0) {
        timer_ = loop_.call_at(period_end_, [this] { serve(); });
        return std::nullopt;
    }
    const ssize_t bytes =
        source_.valid() ? ::read(source_.get(), to.data(), most) : ::getrandom(to.data(), most, 0);
    if (bytes > 0) {
        if (limit_.period_ns != 0) quota_ -= static_cast<u64>(bytes);
        return static_cast<u32>(bytes);
    }
    if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) {
        watch_source();
    } else {
        if (!warned_) {
            print_warning(fmt::format("virtio-rng: the source of randomness {}; the guest waits",
                                      bytes == 0 ? "has ended" : "cannot be read"));
        }
        warned_ = true;
    }
    return std::nullopt;
}

void Rng::watch_source() {
    const Result<> watched = loop_.watch(source_.get(), EPOLLIN, [this](u32) { serve(); });
    watching_ = watched.has_value();
}

void Rng::stop_waiting() {
    if (watching_) loop_.unwatch(source_.get());
    watching_ = false;
    loop_.cancel(timer_);
    timer_ = TimerId::None;
}

}  // namespace trapeze::virtio
