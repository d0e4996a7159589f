// Timers as a dependency: devices see this interface, the program gives them its EventLoop and tests a fake.
#pragma once

#include <functional>

#include "trapeze/base/types.h"

namespace trapeze {

// Names one pending call; never reused. None is no timer, and cancelling it does nothing.
enum class TimerId : u64 { None = 0 };

class Scheduler {
public:
    virtual ~Scheduler() = default;
    // Monotonic nanoseconds, the time base of call_at(). Any thread.
    virtual u64 now_ns() const = 0;
    // Calls `task` once, on the event-loop thread, at or soon after `deadline_ns`; a deadline in the past
    // means as soon as possible. Any thread, with any lock held: the task never runs inside this call.
    virtual TimerId call_at(u64 deadline_ns, std::function<void()> task) = 0;
    // Forgets a pending call; one that has run or does not exist is ignored. Any thread. On the event-loop
    // thread the task is certain not to run afterwards; from another thread it may be running right now, so
    // tasks re-check their owner's state under its lock, and owners die on the event-loop thread or after it.
    virtual void cancel(TimerId id) = 0;

    TimerId call_after(u64 delay_ns, std::function<void()> task) {
        return call_at(now_ns() + delay_ns, std::move(task));
    }
};

}  // namespace trapeze
