// Threads that do what would block, and tell an event loop when it is done.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"
#include "trapeze/base/mutex.h"
#include "trapeze/base/result.h"

namespace trapeze {

class WorkerPool {
public:
    struct Job {
        std::function<int()> work;               // on a worker; its result goes to
        std::function<void(int result)> finish;  // on the loop's thread
    };

    // `loop` outlives the pool. `batch_done` is called there after one or several `finish`.
    static Result<std::unique_ptr<WorkerPool>> create(EventLoop& loop, std::function<void()> batch_done);
    // On the loop's thread or after it. Waits for work that has begun; what has not is dropped.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    // The loop's thread. Starts another worker if none is free, up to kMostWorkers.
    void submit(Job job);

private:
    static constexpr unsigned kMostWorkers = 8;

    WorkerPool(EventLoop& loop, Fd done, std::function<void()> batch_done);
    void worker();
    void finish_done();

    EventLoop& loop_;
    const Fd wake_;  // eventfd: something is in done_
    const std::function<void()> batch_done_;
    std::vector<std::thread> workers_;  // the loop's thread

    Mutex mutex_;  // leaf
    std::condition_variable_any work_;
    std::deque<Job> jobs_ GUARDED_BY(mutex_);
    std::vector<std::pair<Job, int>> done_ GUARDED_BY(mutex_);
    unsigned idle_ GUARDED_BY(mutex_) = 0;
    bool quit_ GUARDED_BY(mutex_) = false;
};

}  // namespace trapeze
