#include "cpu.h"

using namespace guest;

namespace {

constexpr Encoding kReadOnly[] = {
    {3, 0, 0, 0, 0},    // MIDR_EL1
    {3, 0, 0, 0, 5},    // MPIDR_EL1
    {3, 0, 0, 4, 0},    // ID_AA64PFR0_EL1
    {3, 0, 0, 7, 7},    // reserved for an ID register
    {3, 1, 0, 0, 1},    // CLIDR_EL1
    {3, 3, 0, 0, 1},    // CTR_EL0
    {3, 0, 12, 12, 0},  // ICC_IAR1_EL1
    {3, 0, 12, 8, 0},   // ICC_IAR0_EL1
    {3, 0, 12, 12, 2},  // ICC_HPPIR1_EL1
    {3, 0, 12, 11, 3},  // ICC_RPR_EL1
    {3, 0, 12, 1, 0},   // ISR_EL1
};
constexpr Encoding kWriteOnly[] = {
    {3, 0, 12, 12, 1},  // ICC_EOIR1_EL1
    {3, 0, 12, 8, 1},   // ICC_EOIR0_EL1
    {3, 0, 12, 11, 1},  // ICC_DIR_EL1
    {3, 0, 12, 11, 5},  // ICC_SGI1R_EL1
    {3, 0, 12, 11, 7},  // ICC_SGI0R_EL1
    {2, 0, 1, 0, 4},    // OSLAR_EL1
};

}  // namespace

TEST(wrong_direction_undefined) {
    for (const Encoding reg : kReadOnly) {
        const Caught caught = try_write(reg, 0);
        if (!caught.taken) note("written", reg.bits);
        EXPECT_UNDEFINED(caught, execute_address());
    }
    for (const Encoding reg : kWriteOnly) {
        u64 value = 0;
        const Caught caught = try_read(reg, value);
        if (!caught.taken) note("read", reg.bits);
        EXPECT_UNDEFINED(caught, execute_address());
    }
}
