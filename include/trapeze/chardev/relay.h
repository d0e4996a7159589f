// A character port for a device with a thread of its own: the device talks to the relay on its own loop, the
// host end stays on the main loop. Output crosses at once, as CharPort::send() may be called on any thread;
// input is taken from the host as far as the device has said that it has room.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/mutex.h"
#include "trapeze/bus/char_port.h"

namespace trapeze::chardev {

// Created and destroyed while the main loop does not run, on the device's thread if that runs. `host` and
// `device_loop` outlive it. The device's calls, and those to the device, are made on its thread.
class Relay final : public bus::CharPort, private bus::CharReceiver {
public:
    Relay(bus::CharPort& host, EventLoop& device_loop);
    ~Relay() override;
    Relay(const Relay&) = delete;
    Relay& operator=(const Relay&) = delete;

    // bus::CharPort, towards the device.
    std::size_t send(std::span<const u8> bytes) override { return host_.send(bytes); }
    void set_receiver(bus::CharReceiver* receiver) override;
    void receiver_ready() override;

private:
    // bus::CharReceiver, towards the host. The main loop's thread.
    std::size_t receive_capacity() override EXCLUDES(mutex_);
    void receive(std::span<const u8> bytes) override EXCLUDES(mutex_);
    void receive_break() override {}  // virtio has none
    void send_ready() override EXCLUDES(mutex_);
    void peer_changed(bool connected) override EXCLUDES(mutex_);

    void post_update();
    // The device's thread.
    void update() EXCLUDES(mutex_);
    void tell_connected(bool connected);
    // False: some input is left.
    bool deliver() EXCLUDES(mutex_);

    bus::CharPort& host_;
    EventLoop& device_loop_;
    std::atomic<bool> update_posted_{false};

    // The device's thread.
    std::shared_ptr<Relay*> self_ = std::make_shared<Relay*>(this);  // only weak references leave the object
    bus::CharReceiver* receiver_ = nullptr;
    bool told_connected_ = false;

    Mutex mutex_;  // leaf
    std::string input_ GUARDED_BY(mutex_);
    std::size_t room_ GUARDED_BY(mutex_) = 0;  // for input_, when the device was asked last
    bool host_waits_ GUARDED_BY(mutex_) = false;
    bool host_has_room_ GUARDED_BY(mutex_) = false;
    bool connected_ GUARDED_BY(mutex_) = false;
};

}  // namespace trapeze::chardev
