#include "console_tap.h"

#include <algorithm>
#include <utility>

namespace trapeze::ci {

std::size_t ConsoleTap::send(std::span<const u8> bytes) {
    LockGuard lock(mutex_);
    const std::size_t room = kCapacity - held_;
    if (bytes.size() > room) refused_ = true;
    const std::size_t taken = port_.send(bytes.first(std::min(bytes.size(), room)));
    const bool was_empty = fresh_.empty();
    fresh_.append(reinterpret_cast<const char*>(bytes.data()), taken);
    held_ += taken;
    if (was_empty && taken > 0) wake_();
    return taken;
}

void ConsoleTap::set_receiver(bus::CharReceiver* receiver) {
    receiver_ = receiver;
    port_.set_receiver(receiver);
}

std::string ConsoleTap::take() {
    LockGuard lock(mutex_);
    return std::exchange(fresh_, {});
}

void ConsoleTap::release(std::size_t bytes) {
    {
        LockGuard lock(mutex_);
        held_ -= bytes;
        if (!refused_ || held_ > kCapacity / 2) return;
        refused_ = false;
    }
    // Without our lock: the receiver sends from within.
    if (receiver_ != nullptr) receiver_->send_ready();
}

}  // namespace trapeze::ci
