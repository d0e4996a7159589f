// The main thread's loop: file descriptors, timers, and work handed over by other threads.
//
// Threads: the thread that calls run() is the loop thread, and every callback runs there, with no lock of the
// loop held. post(), call_at(), cancel() and stop() may be called from any thread. watch(), unwatch() and the
// destructor belong to the loop thread while run() is active, and to whoever owns the loop before and after.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "trapeze/base/fd.h"
#include "trapeze/base/mutex.h"
#include "trapeze/base/result.h"
#include "trapeze/base/scheduler.h"

namespace trapeze {

class EventLoop final : public Scheduler {
public:
    using Task = std::function<void()>;
    using FdCallback = std::function<void(u32 events)>;  // EPOLL* bits

    static Result<std::unique_ptr<EventLoop>> create();
    ~EventLoop() override;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    // Calls back whenever `fd` has any of `events` (EPOLLIN, EPOLLOUT; errors and hang-up always), level
    // triggered. One watch per descriptor; unwatch before closing it. Fails where can_watch() is false.
    Result<> watch(int fd, u32 events, FdCallback callback);
    // No callback for `fd` after this returns; ignored when it is not watched. A callback may unwatch itself.
    void unwatch(int fd);
    // False for what epoll refuses: regular files, directories, /dev/null, bad descriptors.
    bool can_watch(int fd) const;

    // Runs `task` on the loop thread, in the order of posting. Tasks left at the end of run() wait for the
    // next run(), or die with the loop.
    void post(Task task);

    u64 now_ns() const override;  // CLOCK_MONOTONIC
    TimerId call_at(u64 deadline_ns, Task task) override;
    void cancel(TimerId id) override;

    // Returns after stop(), also when that came first. May be called again.
    void run();
    // Async-signal-safe.
    void stop();

private:
    struct Watch {
        u32 generation;
        FdCallback callback;
    };
    using TimerKey = std::pair<u64, u64>;  // deadline, id

    EventLoop(Fd epoll, Fd wake, Fd timer);
    void check_thread() const;
    void wake();
    void dispatch(u64 token, u32 events);
    void run_posted();
    void run_timers();
    void arm_timer() REQUIRES(mutex_);

    const Fd epoll_;
    const Fd wake_;   // eventfd: posted work or stop()
    const Fd timer_;  // timerfd at the earliest deadline
    std::atomic<bool> stop_{false};
    std::atomic<std::thread::id> loop_thread_{};  // none while run() is not active

    // Loop thread.
    std::unordered_map<int, std::shared_ptr<Watch>> watches_;
    u32 next_generation_ = 1;

    Mutex mutex_;  // leaf: nothing is called with it held
    std::vector<Task> posted_ GUARDED_BY(mutex_);
    std::map<TimerKey, Task> timers_ GUARDED_BY(mutex_);
    std::unordered_map<u64, u64> deadlines_ GUARDED_BY(mutex_);  // of each pending timer, by id
    u64 next_timer_ GUARDED_BY(mutex_) = 1;
};

}  // namespace trapeze
