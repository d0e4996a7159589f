// only: trapeze
//
// Relative mode: the entry point is an offset from VBAR_EL1 as it is when the event comes.
#include "sdei.h"

using namespace guest;

namespace {

u32 handled = 0;

u64 handler(const sdei::Entry&) {
    ++handled;
    return 0;
}

}  // namespace

TEST(sdei_relative_entry) {
    sdei::require();
    const u64 vbar = READ_SYSREG(VBAR_EL1);
    const u64 moved = vbar + 0x100000;
    const auto argument = reinterpret_cast<u64>(&handler);
    EXPECT_EQ(sdei::call(sdei::kRegister, 0, sdei::entry_point() - moved, argument, sdei::kRelative),
              sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kEnable, 0), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kPeUnmask), sdei::kSuccess);
    WRITE_SYSREG(VBAR_EL1, moved);
    isb();
    EXPECT_EQ(sdei::call(sdei::kSignal, 0, mpidr_of(0)), sdei::kSuccess);
    WRITE_SYSREG(VBAR_EL1, vbar);
    isb();
    EXPECT_EQ(handled, 1);
}
