// The state of an interrupt controller and its lock. Concurrency of the whole controller is here: one lock,
// and no way around it.
#pragma once

#include <utility>

#include "trapeze/base/mutex.h"

namespace trapeze::irqchip {

// Core::flush() drives the CPU lines of what has changed.
template <typename Core>
class SharedCore {
public:
    template <typename... Args>
    explicit SharedCore(Args&&... args) : core_(std::forward<Args>(args)...) {}

    // Exclusive access; on destruction the CPU lines follow the new state, still under the lock. Not checked
    // by the thread-safety analysis, which cannot follow a lock through a movable scope; SharedCore is the
    // only maker and it hands out core_ with mutex_ held.
    class [[nodiscard]] Transaction {
    public:
        explicit Transaction(SharedCore& shared) NO_THREAD_SAFETY_ANALYSIS : lock_(shared.mutex_),
                                                                             core_(shared.core_) {}
        ~Transaction() { core_.flush(); }
        Transaction(const Transaction&) = delete;
        Transaction& operator=(const Transaction&) = delete;

        Core& operator*() { return core_; }
        Core* operator->() { return &core_; }

    private:
        LockGuard lock_;  // released last
        Core& core_;
    };
    Transaction begin() { return Transaction(*this); }

private:
    Mutex mutex_;
    Core core_ GUARDED_BY(mutex_);
};

}  // namespace trapeze::irqchip
