// smp: 4
// timeout: 120
// only: trapeze
//
// Four CPUs signal each other while they work with all registers. Signals that meet are one event, so no more
// are handled than were sent; after the last of a CPU, its target handles one more; and no register changes.
#include "sdei.h"

using namespace guest;

namespace {

constexpr u32 kCpus = 4;
constexpr u32 kSignals = 2000;
u32 handled[kCpus];
u32 ready = 0;
u32 sent_all = 0;

u64 handler(const sdei::Entry&) {
    u32& own = handled[this_cpu().index];
    store(own, own + 1);
    return 0;
}

// Calls SDEI_EVENT_SIGNAL in between; registers that a call keeps must come back.
void signal_with_patterns(u64 target, u64 seed) {
    u64 wrong;
    asm volatile(
        "mov x19, %[seed]\n add x20, x19, #1\n add x21, x19, #2\n add x22, x19, #3\n add x23, x19, #4\n"
        "add x24, x19, #5\n add x25, x19, #6\n add x26, x19, #7\n add x27, x19, #8\n add x28, x19, #9\n"
        "mov x0, #0x2f\n movk x0, #0xc400, lsl #16\n mov x1, #0\n mov x2, %[target]\n"
        "add x4, x19, #10\n add x5, x19, #11\n add x16, x19, #12\n add x17, x19, #13\n"
        "hvc #0\n"
        "sub x20, x20, #1\n sub x21, x21, #2\n sub x22, x22, #3\n sub x23, x23, #4\n sub x24, x24, #5\n"
        "sub x25, x25, #6\n sub x26, x26, #7\n sub x27, x27, #8\n sub x28, x28, #9\n"
        "sub x4, x4, #10\n sub x5, x5, #11\n sub x16, x16, #12\n sub x17, x17, #13\n"
        "eor x20, x20, x19\n eor x21, x21, x19\n eor x22, x22, x19\n eor x23, x23, x19\n eor x24, x24, x19\n"
        "eor x25, x25, x19\n eor x26, x26, x19\n eor x27, x27, x19\n eor x28, x28, x19\n"
        "eor x4, x4, x19\n eor x5, x5, x19\n eor x16, x16, x19\n eor x17, x17, x19\n"
        "orr x0, x0, x20\n orr x0, x0, x21\n orr x0, x0, x22\n orr x0, x0, x23\n orr x0, x0, x24\n"
        "orr x0, x0, x25\n orr x0, x0, x26\n orr x0, x0, x27\n orr x0, x0, x28\n"
        "orr x0, x0, x4\n orr x0, x0, x5\n orr x0, x0, x16\n orr x0, x0, x17\n"
        "mov %[wrong], x0\n"
        : [wrong] "=&r"(wrong)
        : [seed] "r"(seed), [target] "r"(target)
        : "memory", "x0", "x1", "x2", "x3", "x4", "x5", "x16", "x17", "x19", "x20", "x21", "x22", "x23",
          "x24", "x25", "x26", "x27", "x28");
    EXPECT_EQ(wrong, 0);
}

void storm(u64) {
    const u64 index = this_cpu().index;
    sdei::expect_ready(sdei::kEvent0, handler);
    add(ready, 1u);
    EXPECT(wait_until([] { return load(ready) >= kCpus; }));
    for (u32 i = 0; i < kSignals; ++i)
        signal_with_patterns(mpidr_of((index + 1 + i % 3) % kCpus), i * 0x9e3779b97f4aull);
    add(sent_all, 1u);
    EXPECT(wait_until([] { return load(sent_all) == kCpus; }));
    // Everything sent so far may have been handled, so this one is handled alone.
    add(ready, 1u);
    EXPECT(wait_until([] { return load(ready) >= 2 * kCpus; }));
    const u64 next = (index + 1) % kCpus;
    const u32 before = load(handled[next]);
    EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(static_cast<unsigned>(next))),
              sdei::kSuccess);
    EXPECT(wait_until([=] { return load(handled[next]) > before; }));
    add(ready, 1u);
    EXPECT(wait_until([] { return load(ready) >= 3 * kCpus; }));
}

}  // namespace

TEST(sdei_smp4_signal_storm) {
    sdei::require();
    for (unsigned cpu = 1; cpu < kCpus; ++cpu) start_cpu(cpu, storm);
    storm(0);
    for (unsigned cpu = 1; cpu < kCpus; ++cpu) wait_cpu_off(cpu);
    u32 total = 0;
    for (const u32 n : handled) {
        EXPECT(n > 0);
        total += n;
    }
    EXPECT(total <= kCpus * (kSignals + 1));
    note("handled", total);
}
