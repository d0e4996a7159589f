// reboot: yes
// only: trapeze
//
// A reset of the machine forgets handlers, bindings and masks, also those of the CPU that goes on.
#include "intc.h"
#include "sdei.h"

using namespace guest;

namespace {

constexpr u64 kMark = 0x73646569;

u64 reset_inside(const sdei::Entry&) {
    EXPECT(sdei::call(sdei::kBind, intc::kRtc) > 0);
    smccc::hvc(psci::kSystemReset);
    return 0;
}

}  // namespace

TEST(sdei_system_reset) {
    sdei::require();
    // RAM outside the image survives a reset.
    auto& mark = *reinterpret_cast<u64*>(kScratch);
    if (load(mark) != kMark) {
        store(mark, kMark);
        asm volatile("dc civac, %0\n dsb sy" ::"r"(&mark) : "memory");
        sdei::expect_ready(sdei::kEvent0, reset_inside);
        sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(0));
        EXPECT(!"SYSTEM_RESET returned");
    }
    store(mark, u64{0});
    EXPECT_EQ(sdei::call(sdei::kStatus, sdei::kEvent0), 0);
    EXPECT_EQ(sdei::call(sdei::kContext, 0), sdei::kDenied);
    EXPECT_EQ(sdei::call(sdei::kPeMask), 0);
    // The slots are all free.
    const u64 slots = field(static_cast<u64>(sdei::call(sdei::kFeatures, 0)), 31, 16);
    for (u64 i = 0; i < slots; ++i) EXPECT(sdei::call(sdei::kBind, intc::kFirstDevice + 10 + i) > 0);
}
