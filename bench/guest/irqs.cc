// smp: 2
// Cost of interrupts, whatever the interrupt controller: prints "bench NAME ITERATIONS TICKS" of CNTVCT_EL0 for each
// phase, after a '<' and a '>' around it. At these, with nothing going on, observe.cc looks at KVM's count of exits.
#include "bench.h"
#include "intc.h"
#include "timer.h"

using namespace guest;
using namespace guest::bench;

namespace {

constexpr u32 kIpi = 3;
constexpr u64 kQuietMs = 200;
constexpr u64 kInterruptMask = kUart + 0x38;  // UARTIMSC

u32 received = 0;
u32 peer_ready = 0;
u32 peer_waits = 0;

void be_quiet() {
    const u64 end = counter() + kQuietMs * ticks_per_ms();
    while (counter() < end) {
    }
}

// Runs body `iterations` times, a tenth of it first as a warm-up.
template <typename Body>
void phase(const char* name, u64 iterations, Body body) {
    for (u64 i = 0; i < iterations / 10; ++i) body();
    print("<");
    be_quiet();
    const u64 start = counter();
    for (u64 i = 0; i < iterations; ++i) body();
    const u64 end = counter();
    be_quiet();
    print(">\n");
    report(name, iterations, end - start);
}

void count_interrupt() {
    const u32 intid = intc::acknowledge();
    if (intid == VirtualTimer::kIntid) VirtualTimer::set_ctl(kTimerMasked);
    if (intid == intc::kUart) write32(kInterruptMask, 0);
    if (intid == intc::kSpurious) return;
    intc::end(intid);
    store(received, received + 1);
}

void answer() {
    const u32 intid = intc::acknowledge();
    if (intid == intc::kSpurious) return;
    intc::end(intid);
    intc::send(kIpi, 1);
}

void peer(u64) {
    intc::init_cpu();
    intc::enable(kIpi);
    this_cpu().on_irq = answer;
    enable_interrupts();
    store(peer_ready, 1u);
    while (true) {
        if (load(peer_waits) != 0) asm volatile("wfi");
    }
}

void wait_for_one(u32 before) {
    while (load(received) == before) {
    }
}

void sleep_for_one(u32 before) {
    mask_interrupts();
    while (load(received) == before) {
        asm volatile("wfi");
        enable_interrupts();
        isb();
        mask_interrupts();
    }
    enable_interrupts();
}

// There and back: two interrupts an iteration.
void ipis(u64 n) {
    intc::enable(kIpi);
    start_cpu(1, peer);
    EXPECT(wait_until([] { return load(peer_ready) == 1; }));
    phase("ipi_spin", n, [] {
        const u32 before = load(received);
        intc::send(kIpi, 2);
        wait_for_one(before);
    });
    store(peer_waits, 1u);
    phase("ipi_wfi", n, [] {
        const u32 before = load(received);
        intc::send(kIpi, 2);
        sleep_for_one(before);
    });
}

// The timer is due at once; the handler masks it.
void ticks(u64 n) {
    intc::enable(VirtualTimer::kIntid);
    phase("tick", n, [] {
        const u32 before = load(received);
        VirtualTimer::set_cval(0);
        VirtualTimer::set_ctl(kTimerEnable);
        wait_for_one(before);
    });
    intc::disable(VirtualTimer::kIntid);
}

// The PL011 has room in its FIFO and says so; the handler masks that. Two accesses to the device are part of it.
void devices(u64 n) {
    constexpr u32 kTransmit = 1u << 5;
    intc::enable(intc::kUart);
    phase("device", n, [] {
        const u32 before = load(received);
        write32(kInterruptMask, kTransmit);
        wait_for_one(before);
    });
    intc::disable(intc::kUart);
}

}  // namespace

TEST(bench_irqs) {
    report("frequency", 1, READ_SYSREG(CNTFRQ_EL0));
    intc::init();
    this_cpu().on_irq = count_interrupt;
    enable_interrupts();
    // What the marks themselves cost.
    phase("nothing", 0, [] {});
    ticks(500);
    devices(500);
    ipis(500);
    mask_interrupts();
}
