#include "trapeze/base/worker_pool.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>

namespace trapeze {

WorkerPool::WorkerPool(EventLoop& loop, Fd done, std::function<void()> batch_done)
    : loop_(loop), wake_(std::move(done)), batch_done_(std::move(batch_done)) {}

Result<std::unique_ptr<WorkerPool>> WorkerPool::create(EventLoop& loop, std::function<void()> batch_done) {
    Fd done(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!done.valid()) return fail_errno(errno, "could not create an eventfd");
    std::unique_ptr<WorkerPool> pool(new WorkerPool(loop, std::move(done), std::move(batch_done)));
    TRY(loop.watch(pool->wake_.get(), EPOLLIN, [self = pool.get()](u32) { self->finish_done(); }));
    return pool;
}

WorkerPool::~WorkerPool() {
    {
        LockGuard lock(mutex_);
        quit_ = true;
        work_.notify_all();
    }
    for (std::thread& worker : workers_) worker.join();
    loop_.unwatch(wake_.get());
}

void WorkerPool::submit(Job job) {
    LockGuard lock(mutex_);
    jobs_.push_back(std::move(job));
    if (jobs_.size() > idle_ && workers_.size() < kMostWorkers)
        workers_.emplace_back([this] { worker(); });  // signals stay blocked: inherited
    work_.notify_one();
}

void WorkerPool::worker() {
    mutex_.lock();
    for (;;) {
        ++idle_;
        while (jobs_.empty() && !quit_) work_.wait(mutex_);
        --idle_;
        if (quit_) break;
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        mutex_.unlock();
        const int result = job.work();
        mutex_.lock();
        const bool first = done_.empty();
        done_.emplace_back(std::move(job), result);
        const u64 one = 1;
        if (first) (void)!::write(wake_.get(), &one, sizeof one);
    }
    mutex_.unlock();
}

void WorkerPool::finish_done() {
    u64 count = 0;
    (void)!::read(wake_.get(), &count, sizeof count);
    std::vector<std::pair<Job, int>> done;
    {
        LockGuard lock(mutex_);
        done.swap(done_);
    }
    for (auto& [job, result] : done) job.finish(result);
    batch_done_();
}

}  // namespace trapeze
