#include "gic.h"

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
    gic::init();
    const u32 start = read32(kData);
    EXPECT(start > 1'500'000'000);  // the time of day, later than 2017
    EXPECT(wait_until([=] { return read32(kData) != start; }));
    const u64 edge = counter();
    EXPECT_EQ(read32(kData), start + 1);
    gic::set_route(gic::kRtcSpi, mpidr_of(0));
    gic::enable(gic::kRtcSpi);
    write32(kClear, 1);
    write32(kMask, 1);
    write32(kMatch, start + 2);
    EXPECT(!gic::is_pending(gic::kRtcSpi));
    EXPECT(wait_until([=] { return read32(kRaw) == 1; }));
    EXPECT(read32(kData) >= start + 2);
    const u64 ms = (counter() - edge) / ticks_per_ms();
    // Generous at the upper end: the host may be busy.
    if (ms < 900 || ms > 5000) note("milliseconds in a second", ms);
    EXPECT(ms >= 900 && ms <= 5000);
    EXPECT_EQ(read32(kMasked), 1);
    EXPECT(wait_until([] { return gic::irq_signalled(); }));
    EXPECT_EQ(gic::acknowledge(), gic::kRtcSpi);
    write32(kClear, 1);
    gic::end(gic::kRtcSpi);
    EXPECT_EQ(read32(kMasked), 0);
    EXPECT(wait_until([] { return !gic::irq_signalled(); }));
}
