// A character port over one non-blocking descriptor that comes and goes: the peer of a socket or of a
// pseudo-terminal. The event loop does all reading and writing.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "trapeze/base/mutex.h"
#include "trapeze/chardev/backend.h"

namespace trapeze::chardev {

class StreamPort : public Backend {
public:
    static constexpr std::size_t kCapacity = 64 * 1024;

    ~StreamPort() override;
    StreamPort(const StreamPort&) = delete;
    StreamPort& operator=(const StreamPort&) = delete;

    std::size_t send(std::span<const u8> bytes) override EXCLUDES(mutex_);
    void set_receiver(bus::CharReceiver* receiver) override;
    void receiver_ready() override;
    // As Backend says, but event-loop thread only, or while the loop does not run.
    bool flush(u64 timeout_ns) override EXCLUDES(mutex_);
    bool connected() const override EXCLUDES(mutex_);

protected:
    explicit StreamPort(EventLoop& loop) : loop_(loop) {}

    // Event-loop thread, or while the loop does not run.
    // A peer has come; `fd` is non-blocking. There is none at the time.
    void attach(Fd fd) EXCLUDES(mutex_);
    // Ends the connection.
    void detach() EXCLUDES(mutex_);
    // detach() has run, because the peer hung up. `fd` was its descriptor.
    virtual void peer_gone(Fd fd) = 0;

    EventLoop& loop_;
    // Only weak references leave the object; derived classes use it for what they post.
    std::shared_ptr<StreamPort*> self_ = std::make_shared<StreamPort*>(this);

private:
    void post_update();
    void update();
    void tell_receiver(bool connected);
    bool wants_input();
    void read_input();
    void hang_up() EXCLUDES(mutex_);
    void wait_for_receiver();
    // Writes what the descriptor takes. False: there is more.
    bool write_output() EXCLUDES(mutex_);
    void finish();
    Fd release() EXCLUDES(mutex_);
    void watch(u32 events);

    std::atomic<bool> update_posted_{false};

    // Event-loop thread.
    bus::CharReceiver* receiver_ = nullptr;
    bool told_connected_ = false;
    int watched_ = -1;
    u32 watched_events_ = 0;
    bool draining_ = false;  // the peer sends no more and has not yet read everything
    bool hung_up_ = false;   // the peer has gone, and the receiver has not yet taken everything
    u64 connection_ = 0;     // counts them
    u64 received_ = 0;       // bytes

    mutable Mutex mutex_;  // taken with a device's lock held; leaf
    Fd fd_ GUARDED_BY(mutex_);
    std::string queue_ GUARDED_BY(mutex_);
    bool starved_ GUARDED_BY(mutex_) = false;  // a send() was cut short
    bool broken_ GUARDED_BY(mutex_) = false;   // a write failed: the peer reads no more
};

}  // namespace trapeze::chardev
