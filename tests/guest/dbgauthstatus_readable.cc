// only: trapeze
#include "cpu.h"

using namespace guest;

// DBGAUTHSTATUS_EL1 is not optional (DDI0487), but QEMU 7.2 does not have it.
TEST(dbgauthstatus_readable) {
    u64 value = 0;
    EXPECT(!try_read(Encoding(2, 0, 7, 14, 6), value).taken);
    EXPECT_EQ(value >> 32, 0);
}
