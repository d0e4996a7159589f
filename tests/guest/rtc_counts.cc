#include "intc.h"

using namespace guest;

namespace {

constexpr u64 kData = kRtc + 0x00;
constexpr u64 kMatch = kRtc + 0x04;
constexpr u64 kMask = kRtc + 0x10;
constexpr u64 kRaw = kRtc + 0x14;
constexpr u64 kMasked = kRtc + 0x18;
constexpr u64 kClear = kRtc + 0x1c;

}  // namespace

// PL031 (DDI0224): one count a second, and a level interrupt when it matches.
TEST(rtc_counts) {
    intc::init();
    const u32 start = read32(kData);
    EXPECT(start > 1'500'000'000);  // the time of day, later than 2017
    EXPECT(wait_until([=] { return read32(kData) != start; }));
    const u64 edge = counter();
    EXPECT_EQ(read32(kData), start + 1);
    intc::set_target(intc::kRtc, 0);
    intc::enable(intc::kRtc);
    write32(kClear, 1);
    write32(kMask, 1);
    write32(kMatch, start + 2);
    EXPECT(!intc::is_pending(intc::kRtc));
    EXPECT(wait_until([=] { return read32(kRaw) == 1; }));
    EXPECT(read32(kData) >= start + 2);
    const u64 ms = (counter() - edge) / ticks_per_ms();
    // Generous at the upper end: the host may be busy.
    if (ms < 900 || ms > 5000) note("milliseconds in a second", ms);
    EXPECT(ms >= 900 && ms <= 5000);
    EXPECT_EQ(read32(kMasked), 1);
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(intc::acknowledge(), intc::kRtc);
    write32(kClear, 1);
    intc::end(intc::kRtc);
    EXPECT_EQ(read32(kMasked), 0);
    EXPECT(wait_until([] { return !irq_signalled(); }));
}
