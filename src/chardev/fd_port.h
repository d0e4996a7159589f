// A character port over file descriptors.
#pragma once

#include <atomic>

#include "output_queue.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {

class FdPort final : public Backend {
public:
    // Reads `in` unless negative; it stays open as long as the object lives. `terminal` is given back last,
    // after the output.
    static Result<std::unique_ptr<FdPort>> create(EventLoop& loop, int in, Fd out, const std::string& what,
                                                  RawTerminal terminal = {});
    ~FdPort() override;
    FdPort(const FdPort&) = delete;
    FdPort& operator=(const FdPort&) = delete;

    // Makes the input the port's own.
    void keep(Fd in) { own_in_ = std::move(in); }

    std::size_t send(std::span<const u8> bytes) override { return output_->send(bytes); }
    void set_receiver(bus::CharReceiver* receiver) override;
    void receiver_ready() override;
    bool flush(u64 timeout_ns) override { return output_->flush(timeout_ns); }

private:
    FdPort(EventLoop& loop, int in, RawTerminal terminal);

    // Event-loop thread.
    void update_input();
    void read_input();
    void stop_watching();
    void wait_for_foreground();
    void end_input();
    bool may_read() const { return !is_terminal_ || terminal_in_foreground(in_); }
    // `task` as something to post: it does nothing once the port is gone.
    EventLoop::Task while_alive(void (FdPort::*task)());

    EventLoop& loop_;
    Fd own_in_;  // in_, or none
    const int in_;
    const bool is_terminal_;
    const bool pollable_;
    RawTerminal terminal_;
    std::unique_ptr<OutputQueue> output_;  // const after create()
    std::atomic<bool> update_posted_{false};

    // Event-loop thread.
    std::shared_ptr<FdPort*> self_ =
        std::make_shared<FdPort*>(this);  // only weak references leave the object
    bus::CharReceiver* receiver_ = nullptr;
    bool receiver_told_ = false;  // that there is a peer
    bool watching_ = false;
    bool ended_ = false;
    bool waiting_for_foreground_ = false;
};

}  // namespace trapeze::chardev
