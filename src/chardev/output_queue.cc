#include "output_queue.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <vector>

#include "trapeze/base/log.h"
#include "trapeze/base/mutex.h"

namespace trapeze::chardev {
namespace {

// Small enough that progress on a slow terminal frees room bit by bit.
constexpr std::size_t kLargestWrite = 4096;

// After giving up on a queue that does not drain, how long its thread gets to notice.
constexpr auto kLeaveTime = std::chrono::milliseconds(100);

// Writes some of `bytes`, waiting as long as it takes; the count or a negative errno value.
ssize_t write_some(int fd, std::span<const u8> bytes) {
    for (;;) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n > 0) return n;
        if (n == 0 || errno == EINTR) continue;
        if (errno != EAGAIN) return -errno;
        // Somebody made the shared open file non-blocking.
        pollfd waiting{fd, POLLOUT, 0};
        ::poll(&waiting, 1, -1);
    }
}

// All signals blocked while in scope, so that a thread started in it leaves them to the main thread. A write
// to a closed pipe then just fails with EPIPE.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &old_);
    }
    ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

private:
    sigset_t old_;
};

}  // namespace

// Shared by the owner and the thread. The thread reads [head, head + used) of the ring without the lock:
// senders only write outside of it.
struct OutputQueue::State {
    State(Fd descriptor, std::string name, std::function<void()> room)
        : fd(std::move(descriptor)), what(std::move(name)), on_room(std::move(room)), ring(kCapacity) {}

    const Fd fd;
    const std::string what;

    Mutex mutex;
    std::condition_variable_any work;     // for the thread: used != 0 or stop
    std::condition_variable_any changed;  // for flush() and the destructor: used == 0 or finished
    std::function<void()> on_room GUARDED_BY(mutex);
    std::vector<u8> ring;
    std::size_t head GUARDED_BY(mutex) = 0;
    std::size_t used GUARDED_BY(mutex) = 0;
    bool starved GUARDED_BY(mutex) = false;  // a send() was cut short
    bool broken GUARDED_BY(mutex) = false;   // a write failed
    bool stop GUARDED_BY(mutex) = false;
    bool finished GUARDED_BY(mutex) = false;
};

Result<std::unique_ptr<OutputQueue>> OutputQueue::start(Fd fd, std::string what,
                                                        std::function<void()> on_room) {
    auto state = std::make_shared<State>(std::move(fd), std::move(what), std::move(on_room));
    std::unique_ptr<OutputQueue> queue(new OutputQueue(state));
    const AllSignalsBlocked inherited_by_the_thread;
    try {
        queue->thread_ = std::thread([state] { run(*state); });
    } catch (const std::system_error& error) {
        return fail_errno(error.code().value(), "could not start the output thread of {}", state->what);
    }
    return queue;
}

OutputQueue::~OutputQueue() {
    if (!thread_.joinable()) return;
    flush(kCloseTimeoutNs);
    bool finished = false;
    {
        const auto deadline = std::chrono::steady_clock::now() + kLeaveTime;
        LockGuard lock(state_->mutex);
        state_->stop = true;
        state_->on_room = nullptr;
        state_->work.notify_one();
        while (!state_->finished &&
               state_->changed.wait_until(state_->mutex, deadline) == std::cv_status::no_timeout) {
        }
        finished = state_->finished;
    }
    if (finished) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

std::size_t OutputQueue::send(std::span<const u8> bytes) {
    State& state = *state_;
    LockGuard lock(state.mutex);
    if (bytes.empty() || state.broken) return bytes.size();
    const std::size_t taken = std::min(bytes.size(), kCapacity - state.used);
    const std::size_t tail = (state.head + state.used) % kCapacity;
    const std::size_t first = std::min(taken, kCapacity - tail);
    std::memcpy(state.ring.data() + tail, bytes.data(), first);
    std::memcpy(state.ring.data(), bytes.data() + first, taken - first);
    const bool was_empty = state.used == 0;
    state.used += taken;
    if (taken < bytes.size()) state.starved = true;
    if (was_empty && taken != 0) state.work.notify_one();
    return taken;
}

bool OutputQueue::flush(u64 timeout_ns) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
    LockGuard lock(state_->mutex);
    while (state_->used != 0) {
        if (state_->changed.wait_until(state_->mutex, deadline) == std::cv_status::timeout) break;
    }
    return state_->used == 0;
}

void OutputQueue::run(State& state) {
    for (;;) {
        std::span<const u8> chunk;
        {
            LockGuard lock(state.mutex);
            while (state.used == 0 && !state.stop) state.work.wait(state.mutex);
            if (state.stop) {
                state.finished = true;
                state.changed.notify_all();
                return;
            }
            const std::size_t contiguous = std::min(state.used, kCapacity - state.head);
            chunk = {state.ring.data() + state.head, std::min(contiguous, kLargestWrite)};
        }
        const ssize_t written = write_some(state.fd.get(), chunk);
        if (written < 0) {
            print_warning(Error::from_errno(fmt::format("{}: output is lost from here on", state.what),
                                            static_cast<int>(-written))
                              .message());
        }
        LockGuard lock(state.mutex);
        if (written < 0) {
            state.broken = true;
            state.used = 0;
        } else {
            state.head = (state.head + static_cast<std::size_t>(written)) % kCapacity;
            state.used -= static_cast<std::size_t>(written);
        }
        if (state.used == 0) state.changed.notify_all();
        if (state.starved && state.used <= kCapacity / 2) {
            state.starved = false;
            if (state.on_room) state.on_room();
        }
    }
}

}  // namespace trapeze::chardev
