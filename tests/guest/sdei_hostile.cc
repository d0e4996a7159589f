// smp: 4
// timeout: 90
// append: hostile.seconds=5
// only: trapeze
//
// Four CPUs that call SDEI with random arguments, for hostile.seconds: register, raise, mask, complete, bind
// and reset, inside handlers and outside. The machine survives it, and SDEI works afterwards. hostile.seed=N
// chooses another sequence.
#include "fdt.h"
#include "intc.h"
#include "sdei.h"
#include "timer.h"

using namespace guest;

namespace {

constexpr u32 kCpus = 4;
u64 deadline = 0;
u64 states[kCpus];
u64 calls[kCpus];
u64 events[kCpus];

u64 random_event(u64& state) {
    const u64 r = random(state);
    switch (r & 7) {
        case 0: return random(state);
        case 1: return 0x40000001 + (r >> 8 & 3);
        case 2:
        case 3: return 0x40000100 + (r >> 8 & 7);
        case 4: return 0x40000200 + (r >> 8 & 15);
        default: return 0;
    }
}

u64 handler(const sdei::Entry& entry);

void random_call(u64& state, bool in_handler) {
    const u64 r = random(state);
    u64 function = sdei::kVersion + (r >> 8) % 20;
    // From here it would leave the handler without its end. Elsewhere it is denied.
    const bool completes = function == sdei::kComplete || function == sdei::kCompleteAndResume;
    if (completes && in_handler) return;
    u64 a1 = random_event(state), a2 = random(state), a3 = random(state), a4 = random(state),
        a5 = random(state);
    if (function == sdei::kRegister) {
        if ((r >> 32 & 7) != 0) {
            // Where there is a handler. Otherwise the call has to refuse it: nowhere is an entry point.
            a2 = sdei::entry_point();
            a3 = reinterpret_cast<u64>(&handler);
            a4 = r >> 40 & 1;
        } else {
            a2 = r >> 50 & 1 ? 0 : a2 | 1;
        }
        if ((r >> 52 & 3) != 0) a5 = r >> 54 & 3;
    }
    if (function == sdei::kBind && (r >> 36 & 1) != 0) a1 = 16 + (r >> 40 & 31);
    // The timer that ends every sleep.
    if (function == sdei::kBind && a1 == PhysicalTimer::kIntid) return;
    if (function == sdei::kSignal || function == sdei::kRoutingSet) {
        const u64 cpu = r >> 44 & 3;
        (function == sdei::kSignal ? a2 : a3) = r >> 50 & 7 ? cpu : random(state);
        if (function == sdei::kRoutingSet) a2 = r >> 51 & 1;
    }
    // The way back from a reset of events is to register again, so they are rarer.
    if ((function == sdei::kSharedReset || function == sdei::kPrivateReset) && (r >> 56 & 15) != 0) return;
    if (function == sdei::kPeMask && (r >> 57 & 1) != 0) function = sdei::kPeUnmask;
    sdei::call(function, a1, a2, a3, a4, a5);
    ++calls[this_cpu().index];
}

u64 handler(const sdei::Entry&) {
    const u64 index = this_cpu().index;
    ++events[index];
    VirtualTimer::set_ctl(0);
    write32(kUart + 0x38, 0);
    u64& state = states[index];
    for (u64 n = random(state) & 3; n > 0; --n) random_call(state, true);
    return 0;
}

void attack(u64) {
    const u64 index = this_cpu().index;
    u64& state = states[index];
    intc::init_cpu();
    intc::enable(PhysicalTimer::kIntid);
    while (counter() < deadline) {
        for (int i = 0; i < 50; ++i) {
            random_call(state, false);
            const u64 r = random(state);
            if ((r & 15) == 0) {
                VirtualTimer::set_tval(r >> 8 & 0xfff);
                VirtualTimer::set_ctl(kTimerEnable);
            }
            if ((r >> 4 & 15) == 0) write32(kUart + 0x38, r >> 8 & 0x7ff);
            // Sleeps are short: something wakes up in time.
            if ((r >> 20 & 63) == 0) {
                PhysicalTimer::set_tval(ticks_per_ms() / 4);
                PhysicalTimer::set_ctl(kTimerEnable);
                asm volatile("wfi" ::: "memory");
            }
        }
    }
    sdei::call(sdei::kPeMask);
    sdei::call(sdei::kPrivateReset);
    VirtualTimer::set_ctl(0);
    PhysicalTimer::set_ctl(0);
}

u32 handled = 0;
u64 count(const sdei::Entry&) {
    ++handled;
    return 0;
}

}  // namespace

TEST(sdei_hostile) {
    sdei::require();
    intc::init();
    const u64 seconds = fdt::argument("hostile.seconds=", 5);
    const u64 seed = fdt::argument("hostile.seed=", 1);
    deadline = counter() + seconds * 1000 * ticks_per_ms();
    for (u64 i = 0; i < kCpus; ++i) states[i] = (seed * kCpus + i + 1) * 0x9e3779b97f4a7c15;
    for (unsigned cpu = 1; cpu < kCpus; ++cpu) start_cpu(cpu, attack);
    attack(0);
    for (unsigned cpu = 1; cpu < kCpus; ++cpu) wait_cpu_off(cpu);
    write32(kUart + 0x38, 0);

    EXPECT_EQ(sdei::call(sdei::kSharedReset), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kPrivateReset), sdei::kSuccess);
    sdei::expect_ready(sdei::kEvent0, count);
    EXPECT_EQ(sdei::call(sdei::kSignal, sdei::kEvent0, mpidr_of(0)), sdei::kSuccess);
    EXPECT_EQ(handled, 1);
    for (u64 i = 0; i < kCpus; ++i) {
        note("calls", calls[i]);
        note("events", events[i]);
    }
}
