// smp: 2
// only: trapeze
//
// An event interrupts EL0: the handler runs at EL1, and COMPLETE goes back to EL0.
#include "sdei.h"

using namespace guest;

// X0: a flag in memory that EL0 may read. SVC with X0 = X1 + 1 when it is set.
extern "C" const u32 el0_begin[];
extern "C" const u32 el0_end[];
asm(R"(
    .section .rodata
    .balign 4
el0_begin:
    mov     x1, #41
1:  ldar    w2, [x0]
    cbz     w2, 1b
    add     x0, x1, #1
    svc     #7
el0_end:
    .previous
)");

namespace {

constexpr u64 kFlag = EL0_REGION + 0x8000;
u32 in_el0 = 0;
sdei::Entry seen;

u64 handler(const sdei::Entry& entry) {
    seen = entry;
    EXPECT_EQ(sdei::call(sdei::kContext, 1), 41);
    store(*reinterpret_cast<u32*>(kFlag), 1u);
    return 0;
}

void signaller(u64) {
    EXPECT(wait_until([] { return load(in_el0) == 1; }));
    wait_until([] { return false; }, 50);  // it is in its loop then
    EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(0)), sdei::kSuccess);
}

}  // namespace

TEST(sdei_from_el0) {
    sdei::require();
    sdei::expect_ready(sdei::kEvent0, handler);
    start_cpu(1, signaller);
    store(*reinterpret_cast<u32*>(kFlag), 0u);
    store(in_el0, 1u);
    const Caught caught = run_at_el0(el0_begin, el0_end, kFlag);
    EXPECT(caught.taken && caught.from_el0);
    EXPECT_EQ(caught.ec(), 0x15);  // SVC
    EXPECT_EQ(caught.iss(), 7);
    wait_cpu_off(1);

    EXPECT_EQ(field(seen.x[3], 4, 0), 0);  // EL0t
    EXPECT(seen.x[2] >= EL0_REGION && seen.x[2] < EL0_REGION + 0x1000);
    EXPECT_EQ(seen.current_el, 1 << 2);
    EXPECT_EQ(seen.sp_select, 1);
    EXPECT_EQ(field(seen.daif, 9, 6), 0xf);
}
