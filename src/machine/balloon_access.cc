#include "balloon_access.h"

#include <algorithm>

namespace trapeze::machine {

using virtio::Balloon;

std::unique_ptr<BalloonAccess> BalloonAccess::find(const MachineConfig& config, const VirtioSlots& slots,
                                                   Scheduler& loop, Changed changed) {
    for (const VirtioDevice& device : slots.devices()) {
        if (device.device->id() != virtio::DeviceId::Balloon) continue;
        auto& balloon = static_cast<Balloon&>(*device.device);
        return std::unique_ptr<BalloonAccess>(
            new BalloonAccess(*device.thread, balloon, config.ram_bytes, loop, std::move(changed)));
    }
    return nullptr;
}

BalloonAccess::BalloonAccess(LoopThread& thread, Balloon& device, u64 ram_bytes, Scheduler& loop,
                             Changed changed)
    : thread_(thread), device_(device), ram_bytes_(ram_bytes), loop_(loop), changed_(std::move(changed)) {
    device_.on_change([this] { news(); });
}

// The device may still be stopped, which is no news any more.
BalloonAccess::~BalloonAccess() {
    thread_.run_and_wait([this] { device_.on_change(nullptr); });
    LockGuard lock(mutex_);
    loop_.cancel(timer_);
}

void BalloonAccess::news() {
    LockGuard lock(mutex_);
    if (timer_ == TimerId::None) timer_ = loop_.call_at(next_ns_, [this] { tell(); });
}

void BalloonAccess::tell() {
    {
        LockGuard lock(mutex_);
        timer_ = TimerId::None;
        next_ns_ = loop_.now_ns() + kBetweenNewsNs;
    }
    changed_(actual());
}

void BalloonAccess::set_target(u64 bytes) {
    const u64 taken = ram_bytes_ - std::min(bytes, ram_bytes_);
    thread_.run_and_wait([&] { device_.set_target(static_cast<u32>(taken / Balloon::kPageBytes)); });
}

// The guest may claim anything.
u64 BalloonAccess::actual() {
    return ram_bytes_ - std::min(device_.actual() * Balloon::kPageBytes, ram_bytes_);
}

}  // namespace trapeze::machine
