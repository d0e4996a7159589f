// smp: 2
// Cost of an exit by class: prints "bench NAME ITERATIONS TICKS" of CNTVCT_EL0 for each phase.
#include "bench.h"
#include "gicv3.h"
#include "marks.h"
#include "smccc.h"
#include "timer.h"

using namespace guest;
using namespace guest::bench;

namespace {

constexpr u32 kSgi = 3;

u32 received = 0;  // SGIs that came back to CPU 0
u32 peer_ready = 0;
u32 peer_waits = 0;  // the second CPU uses WFI between SGIs

// Runs body `iterations` times between two marks, a tenth of it first as a warm-up outside of them.
template <typename Body>
void phase(u32 number, const char* name, u64 iterations, Body body) {
    for (u64 i = 0; i < iterations / 10 + 1; ++i) body();
    write32(BENCH_MARK_ADDRESS, number);
    const u64 start = counter();
    for (u64 i = 0; i < iterations; ++i) body();
    const u64 end = counter();
    write32(BENCH_MARK_ADDRESS, 0);
    report(name, iterations, end - start);
}

void basic(u64 n) {
    phase(BENCH_HVC, "hvc", n, [] { smccc::hvc(psci::kVersion); });
    phase(BENCH_MMIO_READ, "mmio_read", n, [] { read32(BENCH_MMIO_ADDRESS); });
    phase(BENCH_MMIO_WRITE, "mmio_write", n, [] { write32(BENCH_MMIO_ADDRESS, 0); });
    phase(BENCH_SYSREG_READ, "sysreg_read", n, [] { READ_SYSREG(ICC_PMR_EL1); });
    phase(BENCH_SYSREG_WRITE, "sysreg_write", n, [] { WRITE_SYSREG(ICC_PMR_EL1, 0xf8); });
}

// The line of a timer that stays due stays up, so each EOIR makes the interrupt pending again: two exits a
// round, as in an interrupt handler, and nothing to clear.
void acknowledge_and_end(u64 n) {
    VirtualTimer::set_cval(0);
    gicv3::enable(VirtualTimer::kIntid);
    VirtualTimer::set_ctl(kTimerEnable);
    EXPECT(wait_until([] { return gicv3::highest_pending() == VirtualTimer::kIntid; }));
    u64 spurious = 0;
    phase(BENCH_IAR_EOI, "iar_eoi", n, [&] {
        const u32 intid = gicv3::acknowledge();
        if (intid == VirtualTimer::kIntid) {
            gicv3::end(intid);
        } else {
            ++spurious;
        }
    });
    // In-kernel controllers are slow to notice that the line is still up.
    if (spurious != 0) report("iar_spurious", spurious, 0);
    VirtualTimer::set_ctl(kTimerMasked);
    gicv3::disable(VirtualTimer::kIntid);
}

void answer() {
    const u32 intid = gicv3::acknowledge();
    gicv3::end(intid);
    if (intid == kSgi) gicv3::send_sgi(kSgi, 1);
}

void count_answer() {
    const u32 intid = gicv3::acknowledge();
    gicv3::end(intid);
    if (intid == kSgi) store(received, received + 1);
}

void peer(u64) {
    gicv3::init_cpu();
    gicv3::enable(kSgi);
    this_cpu().on_irq = answer;
    enable_interrupts();
    store(peer_ready, 1u);
    while (true) {
        if (load(peer_waits) != 0) {
            asm volatile("wfi");
        }
    }
}

void sgi_round_trips(u64 n) {
    gicv3::enable(kSgi);
    this_cpu().on_irq = count_answer;
    start_cpu(1, peer);
    EXPECT(wait_until([] { return load(peer_ready) == 1; }));
    enable_interrupts();
    const auto spinning = [] {
        const u32 before = load(received);
        gicv3::send_sgi(kSgi, 2);
        while (load(received) == before) {
        }
    };
    phase(BENCH_SGI_SPIN, "sgi_spin", n, spinning);
    store(peer_waits, 1u);
    const auto waiting = [] {
        mask_interrupts();
        const u32 before = load(received);
        gicv3::send_sgi(kSgi, 2);
        while (load(received) == before) {
            asm volatile("wfi");
            enable_interrupts();
            isb();
            mask_interrupts();
        }
    };
    phase(BENCH_SGI_WFI, "sgi_wfi", n, waiting);
    mask_interrupts();
}

// How late the instruction after a WFI is that a timer ends. The interrupt is masked in PSTATE.
void timer_wakes(u64 n) {
    gicv3::enable(VirtualTimer::kIntid);
    u64 late = 0;
    const u64 sleep = 2 * ticks_per_ms();
    phase(BENCH_TIMER, "timer", n, [&] {
        VirtualTimer::set_cval(counter() + sleep);
        VirtualTimer::set_ctl(kTimerEnable);
        do {
            asm volatile("wfi");
        } while ((VirtualTimer::ctl() & kTimerStatus) == 0);
        late += counter() - VirtualTimer::cval();
        const u32 intid = gicv3::acknowledge();
        VirtualTimer::set_ctl(kTimerMasked);
        if (intid < 1020) gicv3::end(intid);
    });
    // Includes the warm-up.
    report("timer_late", n + n / 10 + 1, late);
    gicv3::disable(VirtualTimer::kIntid);
}

}  // namespace

TEST(bench_exits) {
    constexpr int kRepeats = 5;
    // The floor program has no GICv3, and reads as zero.
    const bool has_gic = (read32(gicv3::kDist + gicv3::kPidr2) & 0xf0) == 0x30;
    report("frequency", 1, READ_SYSREG(CNTFRQ_EL0));
    for (int i = 0; i < kRepeats; ++i) basic(1000);
    if (!has_gic) return;
    gicv3::init();
    for (int i = 0; i < kRepeats; ++i) acknowledge_and_end(500);
    for (int i = 0; i < kRepeats; ++i) timer_wakes(50);
    // The exact counts are made with one CPU.
    if (smccc::hvc(psci::kAffinityInfo64, mpidr_of(1), 0).x[0] == psci::kAffinityOff) sgi_round_trips(200);
}
