#include "intc.h"

using namespace guest;

extern "C" u64 call_instruction(u64 x0, u64 code, u64 x2);

namespace {

alignas(64) u32 code[16];

}  // namespace

// BLR sets PSTATE.BTYPE, and executing any instruction clears it (DDI0487 "PSTATE.BTYPE"). So it is zero when
// the instruction after an emulated one takes an exception.
TEST(btype_cleared_after_trap) {
    if (field(READ_SYSREG(ID_AA64PFR1_EL1), 3, 0) == 0) skip("no FEAT_BTI");
    constexpr Encoding kRegisters[] = {{3, 0, 1, 0, 1}, {3, 0, 0, 4, 0}};
    constexpr Encoding kPmr{3, 0, 4, 6, 0};
    constexpr Encoding kRpr{3, 0, 12, 11, 3};
    auto* words = static_cast<volatile u32*>(code);
    constexpr u32 kUdf = 0;
    constexpr u32 kNop = 0xd503201f;
    constexpr u32 kRet = 0xd65f03c0;
    const auto run = [&](u32 instruction) {
        words[0] = instruction;
        words[1] = kUdf;
        words[2] = kRet;
        asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(code) : "memory");
        const Caught caught = catch_exception([] { call_instruction(0, reinterpret_cast<u64>(code), 0); });
        EXPECT_UNDEFINED(caught, reinterpret_cast<u64>(&code[1]));
        EXPECT_EQ_AT(instruction, field(caught.spsr, 11, 10), 0);
        EXPECT_EQ_AT(instruction, field(caught.spsr, 21, 21), 0);
    };
    run(kNop);
    for (const Encoding reg : kRegisters) run(reg.mrs());
    if (intc::kind() == intc::Kind::Gicv3) {
        run(kPmr.mrs());
        run(kRpr.mrs());
        run(kPmr.msr());
    }
    // The harness: without an instruction in between it is set.
    words[0] = kUdf;
    words[1] = kRet;
    asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(code) : "memory");
    const Caught direct = catch_exception([] { call_instruction(0, reinterpret_cast<u64>(code), 0); });
    EXPECT_EQ(field(direct.spsr, 11, 10), 2);
}
