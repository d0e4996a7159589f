#include "trapeze/base/loop_thread.h"

#include <pthread.h>

#include <csignal>
#include <future>

namespace trapeze {

LoopThread::LoopThread(std::unique_ptr<EventLoop> loop) : loop_(std::move(loop)) {}

Result<std::unique_ptr<LoopThread>> LoopThread::create(const std::string& name) {
    std::unique_ptr<EventLoop> loop = TRY(EventLoop::create());
    std::unique_ptr<LoopThread> self(new LoopThread(std::move(loop)));
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);  // inherited
    self->thread_ = std::thread([&running = *self->loop_] { running.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    (void)pthread_setname_np(self->thread_.native_handle(), name.substr(0, 15).c_str());
    return self;
}

LoopThread::~LoopThread() {
    loop_->stop();
    thread_.join();
}

void LoopThread::run_and_wait(const std::function<void()>& task) {
    std::promise<void> done;
    loop_->post([&] {
        task();
        done.set_value();
    });
    done.get_future().wait();
}

}  // namespace trapeze
