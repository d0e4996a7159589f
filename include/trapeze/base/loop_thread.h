// A thread of its own with an event loop: for work that must delay neither the guest nor the main loop.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "trapeze/base/event_loop.h"

namespace trapeze {

class LoopThread {
public:
    // `name` is what the host's tools show of it: 15 characters. The thread takes no signals.
    static Result<std::unique_ptr<LoopThread>> create(const std::string& name);
    // Ends the loop and waits for the thread; what was posted and has not run is dropped.
    ~LoopThread();
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;

    EventLoop& loop() { return *loop_; }
    // Runs `task` on the thread and returns when it has. Not from the thread itself.
    void run_and_wait(const std::function<void()>& task);

private:
    explicit LoopThread(std::unique_ptr<EventLoop> loop);

    std::unique_ptr<EventLoop> loop_;
    std::thread thread_;
};

}  // namespace trapeze
