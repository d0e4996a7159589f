// Bounded output queue with a thread that writes it to a descriptor.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "trapeze/base/fd.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::chardev {

class OutputQueue {
public:
    static constexpr std::size_t kCapacity = 64 * 1024;
    static constexpr u64 kCloseTimeoutNs = 1'000'000'000;

    // `on_room` is called, with the queue's lock held and on its thread, when at least half of the queue is
    // free after a send() that took less than it was given; it may take leaf locks only. `what` names the
    // output in the one warning about a failed write, after which output is taken and dropped.
    static Result<std::unique_ptr<OutputQueue>> start(Fd fd, std::string what, std::function<void()> on_room);

    // Flushes for up to kCloseTimeoutNs. A thread that is stuck in a write then is left behind with the state
    // it uses: nothing can interrupt it safely, and the process is about to end.
    ~OutputQueue();
    OutputQueue(const OutputQueue&) = delete;
    OutputQueue& operator=(const OutputQueue&) = delete;

    // Any thread; does not block. Returns how many bytes were taken.
    std::size_t send(std::span<const u8> bytes);
    // Waits until the queue is empty; false after `timeout_ns`.
    bool flush(u64 timeout_ns);

private:
    struct State;

    explicit OutputQueue(std::shared_ptr<State> state) : state_(std::move(state)) {}
    static void run(State& state);

    std::shared_ptr<State> state_;
    std::thread thread_;
};

}  // namespace trapeze::chardev
