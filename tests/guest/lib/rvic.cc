#include "rvic.h"

namespace guest::rvic {
namespace {

u32 counts[MAX_CPUS][kTotal];

}  // namespace

u64 call(u64 function, u64 x1, u64 x2, u64 x3) {
    const smccc::Result result = smccc::hvc(function, x1, x2, x3);
    EXPECT_EQ_AT(function, result.x[1], 0);
    EXPECT_EQ_AT(function, result.x[2], 0);
    EXPECT_EQ_AT(function, result.x[3], 0);
    return result.x[0];
}

u64 acknowledge() {
    const smccc::Result result = smccc::hvc(kAcknowledge);
    dsb();
    EXPECT_EQ(result.x[2] | result.x[3], 0);
    if (result.x[0] == kSuccess) {
        EXPECT(result.x[1] < kTotal);
        return result.x[1];
    }
    EXPECT_EQ(result.x[0], kNoInterrupts);
    EXPECT_EQ(result.x[1], 0);
    return kNone;
}

bool is_pending(unsigned cpu, u32 intid) {
    const smccc::Result result = smccc::hvc(kIsPending, mpidr_of(cpu), intid);
    EXPECT_EQ(result.x[0], kSuccess);
    EXPECT(result.x[1] <= 1);
    EXPECT_EQ(result.x[2] | result.x[3], 0);
    return result.x[1] != 0;
}

void init_cpu() {
    const auto self = static_cast<unsigned>(this_cpu().index);
    EXPECT_EQ(disable(), kSuccess);
    for (u32 intid = 0; intid < kTotal; ++intid) {
        EXPECT_EQ(mask(self, intid), kSuccess);
        EXPECT_EQ(clear_pending(self, intid), kSuccess);
    }
    EXPECT_EQ(enable(), kSuccess);
}

void count_irq() {
    const u64 intid = acknowledge();
    if (intid == kNone) return;
    const auto self = static_cast<unsigned>(this_cpu().index);
    add(counts[self][intid], 1u);
    EXPECT_EQ(unmask(self, static_cast<u32>(intid)), kSuccess);
}

u32 irq_count(unsigned cpu, u32 intid) {
    return load(counts[cpu][intid]);
}

}  // namespace guest::rvic
