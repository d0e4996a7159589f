// The balloon as monitors see it: they count what it leaves to the guest, it counts what it has taken.
#pragma once

#include "trapeze/base/mutex.h"
#include "trapeze/base/scheduler.h"
#include "trapeze/debug/balloon_control.h"
#include "trapeze/machine/config.h"
#include "trapeze/virtio/balloon.h"
#include "virtio_slots.h"

namespace trapeze::machine {

// Loop thread. The machine's devices outlive it, and the guest does not.
class BalloonAccess final : public debug::BalloonControl {
public:
    // Called with actual() when that has changed: at once, but no more than once in a second, as a guest may
    // change it all the time.
    using Changed = std::function<void(u64 bytes)>;
    static constexpr u64 kBetweenNewsNs = 1'000'000'000;

    // nullptr: the machine has no balloon.
    static std::unique_ptr<BalloonAccess> find(const MachineConfig& config, const VirtioSlots& slots,
                                               Scheduler& loop, Changed changed);
    ~BalloonAccess() override;

    void set_target(u64 bytes) override;
    u64 actual() override;

private:
    BalloonAccess(LoopThread& thread, virtio::Balloon& device, u64 ram_bytes, Scheduler& loop,
                  Changed changed);
    void news();  // any thread
    void tell();

    LoopThread& thread_;
    virtio::Balloon& device_;
    const u64 ram_bytes_;
    Scheduler& loop_;
    const Changed changed_;

    Mutex mutex_;  // nothing but a timer is set with it held
    // Of the call of tell() to come; None: there is no news.
    TimerId timer_ GUARDED_BY(mutex_) = TimerId::None;
    u64 next_ns_ GUARDED_BY(mutex_) = 0;  // no news before then
};

}  // namespace trapeze::machine
