// irqchip: rvic
// only: trapeze
#include "rvic.h"

using namespace guest;

namespace {

template <typename Conduit>
void ask(Conduit conduit) {
    const auto expect = [&](u64 function, u64 x1, u64 status, u64 value) {
        const smccc::Result result = conduit(function, x1, ~u64{0}, ~u64{0});
        EXPECT_EQ_AT(function, result.x[0], status);
        EXPECT_EQ_AT(function, result.x[1], value);
        EXPECT_EQ_AT(function, result.x[2], 0);
        EXPECT_EQ_AT(function, result.x[3], 0);
    };
    expect(rvic::kRvicVersion, ~u64{0}, rvic::kSuccess, 3);
    expect(rvic::kRvidVersion, ~u64{0}, rvic::kSuccess, 3);
    expect(rvic::kInfo, 0, rvic::kSuccess, rvic::kTrusted);
    expect(rvic::kInfo, 1, rvic::kSuccess, rvic::kUntrusted);
    expect(rvic::kInfo, 2, rvic::parameter_error(0), 0);
    expect(rvic::kInfo, u64{1} << 32, rvic::parameter_error(0), 0);
    // Not supported, and nothing of the arguments comes back.
    constexpr u64 kUnknown[] = {rvic::kUnmap + 1, rvic::kResample + 1};
    for (const u64 function : kUnknown) {
        expect(function, 5, smccc::kNotSupported, 0);
    }
}

}  // namespace

// Both conduits, version 0.3, and the number of interrupts.
TEST(rvic_version_and_info) {
    ask(smccc::hvc);
    ask(smccc::smc);
}
