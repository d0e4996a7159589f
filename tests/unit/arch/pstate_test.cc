#include "trapeze/arch/pstate.h"

#include <gtest/gtest.h>

namespace trapeze::arch {
namespace {

// DDI0487 "SPSR_EL1", M[4:0].
TEST(Pstate, LevelAndStackPointerOfEveryMode) {
    struct {
        u64 mode;
        unsigned el;
        bool aarch32;
        bool sp_el1;
    } constexpr kModes[] = {
        {0b00000, 0, false, false},  // EL0t
        {0b00100, 1, false, false},  // EL1t
        {0b00101, 1, false, true},   // EL1h
        {0b10000, 0, true, false},   // User
        {0b10011, 1, true, false},   // Supervisor
        {0b11111, 1, true, false},   // System
    };
    for (const auto& row : kModes) {
        const Pstate pstate{row.mode | Pstate::kDaif | Pstate::Nzcv::kMask};
        EXPECT_EQ(pstate.el(), row.el) << row.mode;
        EXPECT_EQ(pstate.is_aarch32(), row.aarch32) << row.mode;
        EXPECT_EQ(pstate.selects_sp_el1(), row.sp_el1) << row.mode;
    }
}

}  // namespace
}  // namespace trapeze::arch
