#include "trace_file.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "trapeze/base/check.h"
#include "trapeze/base/monotonic_clock.h"
#include "trapeze/debug/trace.h"

namespace trapeze::debug {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kBatch = 1024;  // records of a track between two looks at the others
constexpr u64 kLastWriteNs = 2'000'000'000;

// All of it, or the errno value. The descriptor may be a pipe that nobody reads: it does not block, and once
// `stopping` says so it is not waited for much longer.
int write_all(int fd, std::string_view bytes, const std::atomic<bool>& stopping) {
    std::optional<u64> deadline;
    while (!bytes.empty()) {
        const ssize_t n = write(fd, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return errno;
        if (stopping.load() && !deadline) deadline = monotonic_ns() + kLastWriteNs;
        if (deadline && monotonic_ns() > *deadline) return ETIMEDOUT;
        pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
        poll(&wait, 1, 100);
    }
    return 0;
}

}  // namespace

TraceFile::TraceFile(Fd fd, std::string path, std::unique_ptr<TraceFormat> format, const TraceTracks& tracks)
    : fd_(std::move(fd)), path_(std::move(path)), format_(std::move(format)), tracks_(tracks) {
    format_->begin(out_);
}

TraceFile::~TraceFile() {
    stop_thread();
}

Result<> TraceFile::start() {
    CHECK(!thread_.joinable());
    try {
        thread_ = std::thread([this] { thread_main(); });
    } catch (const std::system_error& e) {
        return fail_errno(e.code().value(), "could not start the thread that writes '{}'", path_);
    }
    return {};
}

void TraceFile::stop_thread() {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    wake();
    thread_.join();
}

void TraceFile::wake() {
    LockGuard lock(mutex_);
    woken_ = true;
    wake_.notify_one();
}

bool TraceFile::wait_for_room(const TraceTrack& track) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock lock(mutex_);
    woken_ = true;
    wake_.notify_one();
    return room_.wait_for(lock, std::chrono::milliseconds(Tracer::kPatienceMs),
                          [&track] { return !track.full(); });
}

void TraceFile::thread_main() NO_THREAD_SAFETY_ANALYSIS {
    pthread_setname_np(pthread_self(), "trace");
    while (!stopping_.load()) {
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, kInterval,
                           [this]() NO_THREAD_SAFETY_ANALYSIS { return woken_ || stopping_.load(); });
            woken_ = false;
        }
        while (write_batch()) continue;
    }
}

// Takes up to kBatch records of each ring, makes room for new ones and writes them, in the order of time.
// False: there was nothing.
bool TraceFile::write_batch() {
    struct Item {
        unsigned track;
        u64 time;
        RecordWords words;
    };
    std::vector<Item> items;
    for (unsigned t = 0; t < tracks_.size(); ++t) {
        TraceTrack& track = *tracks_[t];
        const u64 first = std::max(track.written.load(std::memory_order_relaxed), track.ring.oldest());
        const u64 end = std::min(track.ring.head(), first + kBatch);
        for (u64 n = first; n < end; ++n) {
            Item item{t, 0, {}};
            if (!track.ring.read(n, item.words)) continue;
            item.time = end_time(item.words);
            items.push_back(item);
        }
        track.written.store(end, std::memory_order_release);
    }
    {
        const LockGuard lock(mutex_);
        room_.notify_all();
    }
    if (items.empty()) return false;
    std::ranges::stable_sort(items, {}, &Item::time);
    for (const Item& item : items) {
        if (!error_) format_->record(out_, item.track, item.words);
    }
    records_ += items.size();
    write_out();
    return true;
}

void TraceFile::write_out() {
    if (!error_) {
        if (const int number = write_all(fd_.get(), out_, stopping_); number != 0) {
            error_ = Error::from_errno(fmt::format("could not write the trace to '{}'", path_), number);
        }
    }
    out_.clear();
}

Result<> TraceFile::finish() {
    stop_thread();
    stopping_.store(true);
    u64 dropped = 0;
    for (const auto& track : tracks_) {
        // Without streaming, what has been replaced was never in the file.
        dropped += track->dropped.load() + std::max(track->written.load(), track->ring.oldest()) -
                   track->written.load();
    }
    while (write_batch()) continue;
    format_->end(out_, records_, dropped);
    write_out();
    if (error_) return std::unexpected(*std::exchange(error_, std::nullopt));
    return {};
}

}  // namespace trapeze::debug
