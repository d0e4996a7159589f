#include "cpu.h"
#include "smccc.h"

using namespace guest;

namespace {

constexpr u32 kSvc = 0xd4000001;
constexpr u64 kUnknown = 0;
constexpr u64 kWfx = 0x01;
constexpr u64 kSvcClass = 0x15;
constexpr u64 kMsrMrs = 0x18;

Caught at_el0(u32 instruction) {
    const u32 code[] = {instruction, kSvc | 5 << 5};
    return run_at_el0(code, code + 2, 0);
}

void expect_class(u32 instruction, u64 ec) {
    const Caught caught = at_el0(instruction);
    EXPECT(caught.taken && caught.from_el0);
    EXPECT_EQ_AT(instruction, caught.ec(), ec);
    if (ec == kSvcClass) {
        EXPECT_EQ_AT(instruction, caught.iss(), 5);
        EXPECT_EQ_AT(instruction, caught.elr, EL0_REGION + 8);
    } else {
        EXPECT_EQ_AT(instruction, caught.elr, EL0_REGION);
        EXPECT_EQ_AT(instruction, caught.il(), 1);
    }
    EXPECT_EQ_AT(instruction, caught.spsr & 0x1f, 0);  // EL0t
}

}  // namespace

// What EL0 may not do becomes an exception to EL1 and nobody else notices, whoever else traps the instruction
// too.
TEST(el0_accesses_trap_to_el1) {
    WRITE_SYSREG(CNTKCTL_EL1, 0);
    isb();
    expect_class(0xd503201f, kSvcClass);  // NOP: the harness itself
    constexpr Encoding kEl1Only[] = {
        {3, 0, 12, 12, 0},  // ICC_IAR1_EL1
        {3, 0, 4, 6, 0},    // ICC_PMR_EL1
        {3, 0, 12, 12, 5},  // ICC_SRE_EL1
        {3, 0, 1, 0, 1},    // ACTLR_EL1
        {2, 0, 0, 2, 2},    // MDSCR_EL1
        {3, 0, 1, 0, 0},    // SCTLR_EL1
        {3, 4, 1, 1, 0},    // HCR_EL2
    };
    for (const Encoding reg : kEl1Only) {
        expect_class(reg.mrs(), kUnknown);
        expect_class(reg.msr(), kUnknown);
    }
    expect_class(Encoding(3, 0, 12, 11, 5).msr(), kUnknown);  // ICC_SGI1R_EL1
    // With FEAT_IDST the ID registers trap with a syndrome, otherwise they are UNDEFINED.
    const u64 id_class = field(READ_SYSREG(S3_0_C0_C7_2), 39, 36) != 0 ? kMsrMrs : kUnknown;
    expect_class(Encoding(3, 0, 0, 4, 0).mrs(), id_class);
    expect_class(Encoding(3, 0, 0, 7, 7).mrs(), id_class);
    expect_class(Encoding(3, 0, 0, 0, 0).mrs(), id_class);
    // EL1 controls.
    expect_class(Encoding(3, 3, 0, 0, 1).mrs(), kMsrMrs);   // CTR_EL0, SCTLR_EL1.UCT 0
    expect_class(Encoding(3, 3, 14, 0, 2).mrs(), kMsrMrs);  // CNTVCT_EL0, CNTKCTL_EL1.EL0VCTEN 0
    expect_class(Encoding(3, 3, 14, 0, 1).mrs(), kMsrMrs);  // CNTPCT_EL0
    expect_class(Encoding(3, 3, 14, 2, 0).mrs(), kMsrMrs);  // CNTP_TVAL_EL0
    expect_class(0xd503207f, kWfx);                         // WFI, SCTLR_EL1.nTWI 0
    // HVC and SMC do not exist at EL0.
    expect_class(0xd4000002, kUnknown);
    expect_class(0xd4000003, kUnknown);
    // Allowed, they just work.
    WRITE_SYSREG(SCTLR_EL1, READ_SYSREG(SCTLR_EL1) | 1 << 15 | 1 << 16 | 1 << 18);
    WRITE_SYSREG(CNTKCTL_EL1, 3);
    isb();
    expect_class(Encoding(3, 3, 0, 0, 1).mrs(), kSvcClass);
    expect_class(Encoding(3, 3, 14, 0, 2).mrs(), kSvcClass);
    expect_class(Encoding(3, 3, 14, 0, 1).mrs(), kSvcClass);
    WRITE_SYSREG(CNTKCTL_EL1, 0);
}
