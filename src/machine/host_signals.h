// SIGTERM, SIGINT and SIGHUP as events of the loop, so that the machine ends in order.
#pragma once

#include <functional>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/fd.h"

namespace trapeze::machine {

class HostSignals {
public:
    // Blocks the signals in the calling thread and those it creates from now on, and calls back on the loop
    // thread with a line for the user: "terminating on signal 15 from pid 1234 (timeout)".
    static Result<std::unique_ptr<HostSignals>> create(EventLoop& loop,
                                                       std::function<void(std::string)> callback);
    ~HostSignals();
    HostSignals(const HostSignals&) = delete;
    HostSignals& operator=(const HostSignals&) = delete;

private:
    HostSignals(EventLoop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)) {}

    EventLoop& loop_;
    const Fd fd_;
};

}  // namespace trapeze::machine
