// smp: 3
// only: trapeze
//
// A shared event is registered once for all CPUs, runs on one at a time, and goes to the CPU that was named,
// or to any that has events unmasked.
#include "intc.h"
#include "sdei.h"

using namespace guest;

namespace {

constexpr u64 kLcrH = kUart + 0x2c;
constexpr u64 kImsc = kUart + 0x38;
constexpr u64 kRis = kUart + 0x3c;
constexpr u32 kTx = 1 << 5;

u64 event = 0;
u32 handled[3];
u32 ready = 0;
u32 finish = 0;
u32 unmask[3];  // 1: please unmask, 2: done; 3: please mask, 4: done

u64 handler(const sdei::Entry&) {
    write32(kImsc, 0);
    u32& own = handled[this_cpu().index];
    store(own, own + 1);
    return 0;
}

void raise() {
    write32(kImsc, kTx);
}

void obey(u64) {
    const u64 index = this_cpu().index;
    add(ready, 1u);
    while (load(finish) == 0) {
        const u32 wish = load(unmask[index]);
        if (wish != 1 && wish != 3) continue;
        EXPECT(sdei::call(wish == 1 ? sdei::kPeUnmask : sdei::kPeMask) >= 0);
        store(unmask[index], wish + 1);
    }
}

void ask(unsigned cpu, u32 wish) {
    store(unmask[cpu], wish);
    EXPECT(wait_until([=] { return load(unmask[cpu]) == wish + 1; }));
}

// Once `who` has handled it, nobody else has.
void expect_handled_by(unsigned who) {
    EXPECT(wait_until([=] { return load(handled[who]) == 1; }));
    for (unsigned cpu = 0; cpu < 3; ++cpu) EXPECT_EQ_AT(cpu, load(handled[cpu]), cpu == who ? 1 : 0);
    store(handled[who], 0u);
}

void expect_unhandled() {
    EXPECT(!wait_until([] { return load(handled[0]) + load(handled[1]) + load(handled[2]) > 0; }, 20));
}

}  // namespace

TEST(sdei_shared_event_routing) {
    sdei::require();
    intc::init();
    write32(kLcrH, 0x60);
    write32(kImsc, 0);
    write32(kUart, '.');
    EXPECT(wait_until([] { return (read32(kRis) & kTx) != 0; }));
    start_cpu(1, obey);
    start_cpu(2, obey);
    EXPECT(wait_until([] { return load(ready) == 2; }));

    event = static_cast<u64>(sdei::call(sdei::kBind, intc::kUart));
    EXPECT_EQ(sdei::register_event(event, handler, sdei::kRoutingPe, mpidr_of(2)), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kEnable, event), sdei::kSuccess);
    ask(1, 1);
    EXPECT_EQ(sdei::call(sdei::kPeUnmask), sdei::kSuccess);
    raise();
    expect_unhandled();  // CPU 2 masks events
    ask(2, 1);
    expect_handled_by(2);

    // To any CPU: those that mask events are none.
    EXPECT_EQ(sdei::call(sdei::kDisable, event), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kRoutingSet, event, sdei::kRoutingAny), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kEnable, event), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kPeMask), 1);
    ask(2, 3);
    raise();
    expect_handled_by(1);
    ask(1, 3);
    raise();
    expect_unhandled();
    ask(2, 1);
    expect_handled_by(2);

    store(finish, 1u);
    wait_cpu_off(1);
    wait_cpu_off(2);
    // The event outlives the CPUs. It is nobody's until somebody unmasks.
    raise();
    expect_unhandled();
    EXPECT_EQ(sdei::call(sdei::kPeUnmask), sdei::kSuccess);
    expect_handled_by(0);
    write32(kLcrH, 0x70);
}
