// only: trapeze
//
// A bound interrupt of a device goes to the handler while one is registered, again and again while its wire
// is high, and to the interrupt controller before and afterwards.
#include "intc.h"
#include "sdei.h"

using namespace guest;

namespace {

constexpr u64 kLcrH = kUart + 0x2c;
constexpr u64 kImsc = kUart + 0x38;
constexpr u64 kRis = kUart + 0x3c;
constexpr u64 kIcr = kUart + 0x44;
constexpr u32 kTx = 1 << 5;

u64 event = 0;
u32 handled = 0;

u64 handler(const sdei::Entry& entry) {
    EXPECT_EQ(entry.x[0], event);
    store(handled, handled + 1);
    // The device keeps asking until it has been asked back for a third time.
    if (handled % 3 == 0) write32(kImsc, 0);
    return 0;
}

void raise() {
    write32(kImsc, kTx);
}

}  // namespace

TEST(sdei_bound_device_interrupt) {
    sdei::require();
    intc::init();
    write32(kLcrH, 0x60);  // no FIFOs: the transmit interrupt means an empty holding register
    write32(kIcr, 0x7ff);
    write32(kImsc, 0);
    write32(kUart, '.');
    EXPECT(wait_until([] { return (read32(kRis) & kTx) != 0; }));

    const s64 bound = sdei::call(sdei::kBind, intc::kUart);
    EXPECT(bound > 0);
    event = static_cast<u64>(bound);
    EXPECT_EQ(sdei::call(sdei::kBind, intc::kUart), bound);
    EXPECT_EQ(sdei::call(sdei::kGetInfo, event, 0), 1);  // shared
    EXPECT_EQ(sdei::call(sdei::kGetInfo, event, 1), 1);  // not for software to signal
    EXPECT_EQ(sdei::call(sdei::kGetInfo, event, 2), 0);  // normal
    EXPECT_EQ(sdei::call(sdei::kSignal, event, mpidr_of(0)), sdei::kInvalidParameters);

    // Bound, but nobody has registered: an interrupt as any other.
    intc::set_target(intc::kUart, 0);
    intc::enable(intc::kUart);
    raise();
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(handled, 0);
    write32(kImsc, 0);
    if (intc::follows_wires()) EXPECT(wait_until([] { return !irq_signalled(); }));
    intc::disable(intc::kUart);

    sdei::expect_ready(event, handler);
    intc::enable(intc::kUart);
    raise();
    EXPECT(wait_until([] { return load(handled) == 3; }));
    EXPECT(!wait_until([] { return load(handled) > 3; }, 20));
    if (intc::follows_wires()) EXPECT(!irq_signalled());

    // What comes while it is disabled waits.
    EXPECT_EQ(sdei::call(sdei::kDisable, event), sdei::kSuccess);
    raise();
    EXPECT(!wait_until([] { return load(handled) > 3; }, 20));
    EXPECT_EQ(sdei::call(sdei::kEnable, event), sdei::kSuccess);
    EXPECT(wait_until([] { return load(handled) == 6; }));

    EXPECT_EQ(sdei::call(sdei::kRelease, event), sdei::kDenied);
    raise();
    EXPECT(wait_until([] { return load(handled) == 9; }));
    EXPECT_EQ(sdei::call(sdei::kUnregister, event), sdei::kSuccess);
    raise();
    EXPECT(wait_until([] { return irq_signalled(); }));
    EXPECT_EQ(handled, 9);
    write32(kImsc, 0);
    intc::disable(intc::kUart);
    EXPECT_EQ(sdei::call(sdei::kRelease, event), sdei::kSuccess);
    EXPECT_EQ(sdei::call(sdei::kRelease, event), sdei::kInvalidParameters);
    EXPECT_EQ(sdei::register_event(event, handler), sdei::kDenied);
    write32(kLcrH, 0x70);
}
