#include "trapeze/base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"

namespace trapeze {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

// Tokens of the loop's own descriptors; those of watches carry a generation above 0 in their upper half.
constexpr u64 kWakeToken = 0;
constexpr u64 kTimerToken = 1;

u64 watch_token(int fd, u32 generation) {
    return (u64{generation} << 32) | static_cast<u32>(fd);
}

bool add(int epoll, int fd, u32 events, u64 token) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Empties an eventfd or timerfd, so that level triggering does not report it again.
void drain(int fd) {
    u64 count = 0;
    while (::read(fd, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
    Fd epoll(epoll_create1(EPOLL_CLOEXEC));
    Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Fd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!epoll.valid() || !wake.valid() || !timer.valid())
        return fail_errno(errno, "could not create event loop");
    if (!add(epoll.get(), wake.get(), EPOLLIN, kWakeToken) ||
        !add(epoll.get(), timer.get(), EPOLLIN, kTimerToken)) {
        return fail_errno(errno, "could not set up event loop");
    }
    return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake), std::move(timer)));
}

EventLoop::EventLoop(Fd epoll, Fd wake, Fd timer)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), timer_(std::move(timer)) {}

EventLoop::~EventLoop() {
    CHECK(loop_thread_.load() == std::thread::id{});
}

void EventLoop::check_thread() const {
    const std::thread::id loop = loop_thread_.load();
    CHECK(loop == std::thread::id{} || loop == std::this_thread::get_id());
}

Result<> EventLoop::watch(int fd, u32 events, FdCallback callback) {
    check_thread();
    const u32 generation = next_generation_++;
    if (!add(epoll_.get(), fd, events, watch_token(fd, generation))) {
        return fail_errno(errno, "could not watch file descriptor {}", fd);
    }
    watches_[fd] = std::make_shared<Watch>(Watch{generation, std::move(callback)});
    return {};
}

void EventLoop::unwatch(int fd) {
    check_thread();
    if (watches_.erase(fd) != 0) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

bool EventLoop::can_watch(int fd) const {
    const Fd probe(epoll_create1(EPOLL_CLOEXEC));
    return probe.valid() && add(probe.get(), fd, EPOLLIN, 0);
}

void EventLoop::wake() {
    const u64 one = 1;
    // Can only fail when the counter is about to overflow, and then the loop is awake already.
    [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof(one));
}

void EventLoop::post(Task task) {
    {
        LockGuard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    wake();
}

u64 EventLoop::now_ns() const {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<u64>(now.tv_sec) * kNsPerSecond + static_cast<u64>(now.tv_nsec);
}

TimerId EventLoop::call_at(u64 deadline_ns, Task task) {
    LockGuard lock(mutex_);
    const u64 id = next_timer_++;
    const auto [at, inserted] = timers_.emplace(TimerKey{deadline_ns, id}, std::move(task));
    deadlines_.emplace(id, deadline_ns);
    if (at == timers_.begin()) arm_timer();
    return TimerId{id};
}

void EventLoop::cancel(TimerId timer) {
    Task dropped;  // its captures are destroyed without the lock
    LockGuard lock(mutex_);
    const auto deadline = deadlines_.find(static_cast<u64>(timer));
    if (deadline == deadlines_.end()) return;
    auto node = timers_.extract(TimerKey{deadline->second, deadline->first});
    dropped = std::move(node.mapped());
    deadlines_.erase(deadline);
    // The timerfd may now fire for nothing, which costs less than arming it again.
}

void EventLoop::arm_timer() {
    itimerspec at{};
    if (!timers_.empty()) {
        // Zero would disarm; far deadlines are cut to what time_t can hold and simply re-armed then.
        const u64 deadline = std::clamp<u64>(timers_.begin()->first.first, 1, low_mask(62));
        at.it_value.tv_sec = static_cast<time_t>(deadline / kNsPerSecond);
        at.it_value.tv_nsec = static_cast<long>(deadline % kNsPerSecond);
    }
    CHECK(timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr) == 0);
}

void EventLoop::run_timers() {
    // Only what is due now: a task that schedules itself for the past must not keep the loop from
    // descriptors.
    std::vector<TimerKey> due;
    {
        LockGuard lock(mutex_);
        const TimerKey limit{now_ns(), ~u64{0}};
        for (const auto& [key, task] : timers_) {
            if (key > limit) break;
            due.push_back(key);
        }
    }
    for (const TimerKey& key : due) {
        Task task;
        {
            LockGuard lock(mutex_);
            auto node = timers_.extract(key);
            if (node.empty()) continue;  // cancelled by an earlier one
            deadlines_.erase(key.second);
            task = std::move(node.mapped());
        }
        task();
    }
    LockGuard lock(mutex_);
    arm_timer();
}

void EventLoop::run_posted() {
    std::vector<Task> tasks;
    {
        LockGuard lock(mutex_);
        tasks.swap(posted_);
    }
    for (Task& task : tasks) task();
}

void EventLoop::dispatch(u64 token, u32 events) {
    if (token == kWakeToken) {
        drain(wake_.get());
        run_posted();
        return;
    }
    if (token == kTimerToken) {
        drain(timer_.get());
        run_timers();
        return;
    }
    const auto found = watches_.find(static_cast<int>(static_cast<u32>(token)));
    // An earlier callback of this round may have removed or replaced the watch.
    if (found == watches_.end() || found->second->generation != token >> 32) return;
    const std::shared_ptr<Watch> watch = found->second;  // survives its own unwatch()
    watch->callback(events);
}

void EventLoop::run() {
    CHECK(loop_thread_.load() == std::thread::id{});
    loop_thread_.store(std::this_thread::get_id());
    while (!stop_.exchange(false)) {
        epoll_event ready[16];
        const int count = epoll_wait(epoll_.get(), ready, static_cast<int>(std::size(ready)), -1);
        CHECK(count >= 0 || errno == EINTR);
        for (int i = 0; i < count; ++i) dispatch(ready[i].data.u64, ready[i].events);
    }
    loop_thread_.store(std::thread::id{});
}

void EventLoop::stop() {
    const int saved_errno = errno;
    stop_.store(true);
    wake();
    errno = saved_errno;
}

}  // namespace trapeze
