#include "trapeze/base/rate_limit.h"

#include <ctime>

namespace trapeze {

bool RateLimiter::allow() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return allow_at(static_cast<u64>(now.tv_sec) * 1'000'000'000u + static_cast<u64>(now.tv_nsec));
}

bool RateLimiter::allow_at(u64 now_ns) {
    constexpr u64 kInterval = 1'000'000'000u / kPerSecond;
    u64 full_at = full_at_ns_.load(std::memory_order_relaxed);
    for (;;) {
        const u64 base = full_at < now_ns ? now_ns : full_at;
        if (base - now_ns > (kBurst - 1) * kInterval) {
            dropped_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        if (full_at_ns_.compare_exchange_weak(full_at, base + kInterval, std::memory_order_relaxed)) return true;
    }
}

}  // namespace trapeze
