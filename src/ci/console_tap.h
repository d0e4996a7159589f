// Between a serial port and its host end: passes everything on, and keeps a copy of what the guest sends for
// the supervisor, which takes it on the loop thread. What is kept is bounded: when the supervisor lags
// behind, the guest sees a slow line.
#pragma once

#include <functional>
#include <string>

#include "trapeze/base/mutex.h"
#include "trapeze/bus/char_port.h"

namespace trapeze::ci {

// Created and destroyed on the loop thread or while the loop does not run; `port` outlives it.
class ConsoleTap final : public bus::CharPort {
public:
    static constexpr std::size_t kCapacity = 64 * 1024;

    // `wake` is called, on any thread and with locks held, when there is something to take after there was
    // nothing.
    ConsoleTap(bus::CharPort& port, std::function<void()> wake) : port_(port), wake_(std::move(wake)) {}

    std::size_t send(std::span<const u8> bytes) override EXCLUDES(mutex_);
    void set_receiver(bus::CharReceiver* receiver) override;
    void receiver_ready() override { port_.receiver_ready(); }

    // Loop thread. What has been sent since the last take(); it counts against the capacity until release().
    std::string take() EXCLUDES(mutex_);
    void release(std::size_t bytes) EXCLUDES(mutex_);

private:
    bus::CharPort& port_;
    const std::function<void()> wake_;
    bus::CharReceiver* receiver_ = nullptr;  // loop thread

    Mutex mutex_;  // taken with a device's lock held, before the port's
    std::string fresh_ GUARDED_BY(mutex_);
    std::size_t held_ GUARDED_BY(mutex_) = 0;  // bytes sent and not released
    bool refused_ GUARDED_BY(mutex_) = false;  // the sender waits for send_ready()
};

}  // namespace trapeze::ci
