#include "trapeze/chardev/relay.h"

#include <algorithm>

namespace trapeze::chardev {
namespace {

// More of it would only be copied once more while the device is busy.
constexpr std::size_t kMostRoom = 64 * 1024;

}  // namespace

Relay::Relay(bus::CharPort& host, EventLoop& device_loop) : host_(host), device_loop_(device_loop) {
    host_.set_receiver(this);
}

Relay::~Relay() {
    host_.set_receiver(nullptr);
}

void Relay::post_update() {
    if (update_posted_.exchange(true)) return;
    device_loop_.post([weak = std::weak_ptr<Relay*>(self_)] {
        if (const auto self = weak.lock()) (*self)->update();
    });
}

// --- The main loop's thread --------------------------------------------------------------------------------

std::size_t Relay::receive_capacity() {
    LockGuard lock(mutex_);
    if (input_.size() < room_) return room_ - input_.size();
    host_waits_ = true;
    return 0;
}

void Relay::receive(std::span<const u8> bytes) {
    {
        LockGuard lock(mutex_);
        input_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    post_update();
}

void Relay::send_ready() {
    {
        LockGuard lock(mutex_);
        host_has_room_ = true;
    }
    post_update();
}

void Relay::peer_changed(bool connected) {
    {
        LockGuard lock(mutex_);
        connected_ = connected;
    }
    post_update();
}

// --- The device's thread -----------------------------------------------------------------------------------

void Relay::set_receiver(bus::CharReceiver* receiver) {
    receiver_ = receiver;
    told_connected_ = false;
    post_update();  // later, as the receiver may still be under construction
}

// Also from other threads, as any port's.
void Relay::receiver_ready() {
    post_update();
}

void Relay::update() {
    update_posted_.store(false);
    if (receiver_ == nullptr) return;
    bool room = false;
    bool connected = false;
    {
        LockGuard lock(mutex_);
        room = std::exchange(host_has_room_, false);
        connected = connected_;
    }
    if (connected) tell_connected(true);
    if (room) receiver_->send_ready();
    // The end comes after what came before it.
    if (deliver() && !connected) tell_connected(false);
}

void Relay::tell_connected(bool connected) {
    if (std::exchange(told_connected_, connected) != connected) receiver_->peer_changed(connected);
}

bool Relay::deliver() {
    bool all = false;
    bool host_waits = false;
    for (;;) {
        const std::size_t room = std::min(receiver_->receive_capacity(), kMostRoom);
        std::string part;
        {
            LockGuard lock(mutex_);
            if (input_.empty() || room == 0) {
                room_ = room;
                all = input_.empty();
                if (input_.size() < room_) host_waits = std::exchange(host_waits_, false);
                break;
            }
            part = input_.substr(0, room);
            input_.erase(0, room);
        }
        receiver_->receive({reinterpret_cast<const u8*>(part.data()), part.size()});
    }
    if (host_waits) host_.receiver_ready();
    return all;
}

}  // namespace trapeze::chardev
