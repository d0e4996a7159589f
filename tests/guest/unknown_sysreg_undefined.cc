#include "cpu.h"

using namespace guest;

namespace {

constexpr Encoding kUnallocated[] = {
    {3, 0, 2, 7, 7},                                      // nothing
    {3, 2, 0, 0, 7},                                      // next to CSSELR_EL1
    {3, 0, 14, 15, 7}, {2, 2, 3, 3, 3}, {3, 4, 1, 1, 0},  // HCR_EL2
    {3, 4, 12, 11, 0},                                    // ICH_HCR_EL2
    {3, 5, 1, 0, 0},                                      // SCTLR_EL12
    {3, 6, 1, 1, 0},                                      // SCR_EL3
    {3, 6, 12, 12, 5},                                    // ICC_SRE_EL3
    {3, 4, 12, 9, 5},                                     // ICC_SRE_EL2
};

}  // namespace

// An access to a register that does not exist at this Exception level is UNDEFINED: EC 0, the instruction
// itself in ELR_EL1, and nothing else happened.
TEST(unknown_sysreg_undefined) {
    for (const Encoding reg : kUnallocated) {
        u64 value = 0x5a5a;
        Caught caught = try_read(reg, value);
        note("read", reg.bits);
        EXPECT_UNDEFINED(caught, execute_address());
        EXPECT_EQ(value, 0x5a5a);
        EXPECT_EQ(field(caught.spsr, 3, 0), 5);  // from EL1h
        caught = try_write(reg, 0x1234);
        EXPECT_UNDEFINED(caught, execute_address());
    }
}
