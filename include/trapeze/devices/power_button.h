// The machine's power button: a key on a GPIO line, which the guest's gpio-keys driver turns into an orderly
// shutdown.
#pragma once

#include "trapeze/base/mutex.h"
#include "trapeze/base/scheduler.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/devices/pl061.h"

namespace trapeze::devices {

class PowerButton {
public:
    // The line the virt machine has always used.
    static constexpr unsigned kLine = 3;
    // Long enough for the driver's debouncing (5 ms in Linux) to see it down.
    static constexpr u64 kHoldNs = 100'000'000;

    // Destroyed on the event-loop thread or while it does not run (see Scheduler::cancel).
    PowerButton(Pl061& gpio, Scheduler& scheduler) : gpio_(gpio), scheduler_(scheduler) {}
    ~PowerButton();
    PowerButton(const PowerButton&) = delete;
    PowerButton& operator=(const PowerButton&) = delete;

    // Down now, up kHoldNs later; while it is down, another press only holds it longer. A guest whose driver
    // waits for the key has all the time it needs to see it: it may be paused, or on a slow host. Any thread.
    void press() EXCLUDES(mutex_);

    // Node "gpio-keys"; refers to the Pl061 by its phandle.
    static void describe(bus::FdtWriter& fdt);

private:
    void hold(u64 press) REQUIRES(mutex_);
    void release(u64 press) EXCLUDES(mutex_);

    Pl061& gpio_;
    Scheduler& scheduler_;
    Mutex mutex_;
    u64 presses_ GUARDED_BY(mutex_) = 0;
    TimerId release_ GUARDED_BY(mutex_) = TimerId::None;
};

}  // namespace trapeze::devices
