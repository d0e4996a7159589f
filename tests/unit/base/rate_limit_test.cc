#include "trapeze/base/rate_limit.h"

#include <gtest/gtest.h>

namespace trapeze {
namespace {

TEST(RateLimiter, AllowsABurstThenTheRate) {
    RateLimiter limiter;
    const u64 start = 1'000'000'000'000;
    unsigned allowed = 0;
    for (int i = 0; i < 100; ++i) allowed += limiter.allow_at(start) ? 1 : 0;
    EXPECT_EQ(allowed, RateLimiter::kBurst);
    EXPECT_EQ(limiter.take_dropped(), 100u - RateLimiter::kBurst);

    // One second later exactly kPerSecond more fit.
    allowed = 0;
    for (int i = 0; i < 100; ++i) allowed += limiter.allow_at(start + 1'000'000'000) ? 1 : 0;
    EXPECT_EQ(allowed, RateLimiter::kPerSecond);
}

}  // namespace
}  // namespace trapeze
