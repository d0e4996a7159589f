// smp: 2
// only: trapeze
//
// Turning a CPU on resets its side of SDEI: events are masked, nothing private is registered or pending, and
// a handler in which the CPU was turned off is forgotten.
#include "sdei.h"

using namespace guest;

namespace {

u32 handled = 0;

u64 handler(const sdei::Entry&) {
    store(handled, handled + 1);
    return 0;
}

u64 turn_off(const sdei::Entry&) {
    store(handled, handled + 1);
    store(this_cpu().running, 0u);
    smccc::hvc(psci::kCpuOff);
    return 0;
}

void leave_things_behind(u64) {
    sdei::expect_ready(sdei::kEvent0, turn_off);
    sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(1));
    EXPECT(!"CPU_OFF returned");
}

void look(u64) {
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0), 0);
    EXPECT_EQ(sdei::call(sdei::kContext, 0), sdei::kDenied);
    EXPECT_EQ(sdei::call(sdei::kPeMask), 0);  // it was masked
    EXPECT_EQ(sdei::register_event(sdei::kEvent0, handler), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kEnable, sdei::kEvent0), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(1)), sdei::kSuccess);
    EXPECT_EQ(handled, 1);
    EXPECT_EQ(sdei::call(sdei::kPeUnmask), sdei::kSuccess);
    EXPECT_EQ(handled, 2);
}

}  // namespace

TEST(sdei_cpu_off_and_on) {
    sdei::require();
    for (u32 round = 0; round < 3; ++round) {
        store(handled, 0u);
        start_cpu(1, leave_things_behind);
        wait_cpu_off(1);
        EXPECT_EQ(load(handled), 1);
        // Nobody is there to handle it, then or later.
        EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(1)), sdei::kSuccess);
        start_cpu(1, look);
        wait_cpu_off(1);
        EXPECT_EQ(load(handled), 2);
    }
}
