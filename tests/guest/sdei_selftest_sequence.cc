// smp: 2
// only: trapeze
//
// The sequence of the selftest that KVM's SDEI series came with, on two CPUs in step: discovery, reset, event
// 0 with its information, a signal to oneself that is handled at once, and everything undone. Both CPUs see
// the same.
#include "sdei.h"

using namespace guest;

namespace {

struct Seen {
    u64 results[24];
    u32 count;
    u32 handled;
    u64 status, pstate, x[4];
    u64 interrupts;
};
Seen seen[2];
u32 arrived[32];

// Both CPUs go on when both are here.
void meet(unsigned step) {
    add(arrived[step], 1u);
    EXPECT(wait_until([=] { return load(arrived[step]) == 2; }));
}

extern "C" void vectors();

u64 handler(const sdei::Entry& entry) {
    Seen& own = seen[this_cpu().index];
    EXPECT_EQ(entry.x[1], reinterpret_cast<u64>(&handler));
    own.status = static_cast<u64>(sdei::call(sdei::kStatus, sdei::kEvent0));
    own.pstate = entry.x[3];
    for (unsigned n = 0; n < 4; ++n) own.x[n] = static_cast<u64>(sdei::call(sdei::kContext, n));
    ++own.handled;
    constexpr u64 kIrqFromEl1h = 0x280;
    return reinterpret_cast<u64>(&vectors) + kIrqFromEl1h;
}

void count_interrupt() {
    ++seen[this_cpu().index].interrupts;
}

void sequence(u64) {
    const u64 index = this_cpu().index;
    Seen& own = seen[index];
    this_cpu().on_irq = count_interrupt;
    unsigned step = 0;
    const auto call = [&](u64 function, u64 a1 = 0, u64 a2 = 0) {
        meet(step++);
        const s64 result = sdei::call(function, a1, a2);
        EXPECT(result >= 0);
        own.results[own.count++] = static_cast<u64>(result);
    };
    call(sdei::kVersion);
    call(sdei::kFeatures, 0);
    call(sdei::kFeatures, 1);
    call(sdei::kSharedReset);
    call(sdei::kPrivateReset);
    call(sdei::kPeUnmask);
    constexpr u64 kInfos[] = {0, 2, 1};  // type, priority, whether it can be signalled
    for (const u64 info : kInfos) call(sdei::kGetInfo, sdei::kEvent0, info);
    meet(step++);
    EXPECT_EQ(sdei::register_event(sdei::kEvent0, handler), sdei::kSuccess);
    call(sdei::kEnable, sdei::kEvent0);
    call(sdei::kSignal, sdei::kEvent0, READ_SYSREG(MPIDR_EL1));
    EXPECT_EQ(own.handled, 1);  // before the call returned
    call(sdei::kPeMask);
    call(sdei::kDisable, sdei::kEvent0);
    call(sdei::kUnregister, sdei::kEvent0);
}

}  // namespace

TEST(sdei_selftest_sequence) {
    sdei::require();
    start_cpu(1, sequence);
    sequence(0);
    wait_cpu_off(1);

    EXPECT_EQ(seen[0].count, 14);
    for (u32 i = 0; i < seen[0].count; ++i) EXPECT_EQ_AT(i, seen[0].results[i], seen[1].results[i]);
    EXPECT_EQ(seen[0].results[0] >> 32, 0x0001'0001);  // 1.1
    EXPECT_EQ(seen[0].results[1], 16 << 16 | 8);       // slots for shared and private interrupts
    EXPECT_EQ(seen[0].results[2], 1);                  // relative mode
    EXPECT_EQ(seen[0].results[6], 0);                  // private
    EXPECT_EQ(seen[0].results[7], 0);                  // normal
    EXPECT_EQ(seen[0].results[8], 0);                  // can be signalled: the opposite reads as 1
    EXPECT_EQ(seen[0].results[11], 1);                 // PE_MASK: it was unmasked
    for (const Seen& own : seen) {
        EXPECT_EQ(own.handled, 1);
        EXPECT_EQ(own.status, sdei::kStatusRegistered | sdei::kStatusEnabled | sdei::kStatusRunning);
        EXPECT_EQ(field(own.pstate, 9, 6), 0xf);  // delivered whatever is masked
        EXPECT_EQ(field(own.pstate, 3, 0), 5);
        // The interrupted context is that after the call, which returned zeros.
        for (unsigned n = 0; n < 4; ++n) EXPECT_EQ_AT(n, own.x[n], 0);
        EXPECT_EQ(own.interrupts, 1);  // the vector was entered
    }
}
