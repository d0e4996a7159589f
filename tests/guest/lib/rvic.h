// rVIC and rVID (DEN0103, version 0.3), as their drivers see them: hypercalls whose numbers are those of the
// Linux drivers, and this machine's choice of interrupts.
#pragma once

#include "intc.h"
#include "smccc.h"

namespace guest::rvic {

constexpr u64 kRvidVersion = 0xc5000100;
constexpr u64 kMap = 0xc5000101;
constexpr u64 kUnmap = 0xc5000102;
constexpr u64 kRvicVersion = 0xc5000200;
constexpr u64 kInfo = 0xc5000201;
constexpr u64 kEnable = 0xc5000202;
constexpr u64 kDisable = 0xc5000203;
constexpr u64 kSetMasked = 0xc5000204;
constexpr u64 kClearMasked = 0xc5000205;
constexpr u64 kIsPending = 0xc5000206;
constexpr u64 kSignal = 0xc5000207;
constexpr u64 kClearPending = 0xc5000208;
constexpr u64 kAcknowledge = 0xc5000209;
constexpr u64 kResample = 0xc500020a;

// Statuses, with the position of the argument to blame.
constexpr u64 kSuccess = 0;
constexpr u64 parameter_error(u64 index) {
    return index << 8 | 1;
}
constexpr u64 kInvalidCpu = 2;
constexpr u64 kDisabled = 3;
constexpr u64 kNoInterrupts = 4;

// INTIDs: trusted, then untrusted. As many inputs as there are untrusted INTIDs.
constexpr u32 kTrusted = 32;
constexpr u32 kUntrusted = 224;
constexpr u32 kTotal = kTrusted + kUntrusted;

constexpr u32 kVirtualTimer = 27;
constexpr u32 kPhysicalTimer = 30;
constexpr u32 kUartInput = 1;
// Message-signalled inputs begin here, and this is where the messages go.
constexpr u32 kFirstMsiInput = 64;
constexpr u64 kDoorbell = 0xba5e0000;

// A call without a value: the status. Fails the test unless X1 to X3 are zero.
u64 call(u64 function, u64 x1 = 0, u64 x2 = 0, u64 x3 = 0);

// Nothing of the caller's own rVIC to deliver.
constexpr u64 kNone = ~u64{0};
// The INTID or kNone; fails the test with any other status.
u64 acknowledge();

inline u64 enable() {
    return call(kEnable);
}
inline u64 disable() {
    return call(kDisable);
}
inline u64 resample(u32 intid) {
    return call(kResample, intid);
}

// On an INTID of CPU `cpu`, whoever calls.
inline u64 mask(unsigned cpu, u32 intid) {
    return call(kSetMasked, mpidr_of(cpu), intid);
}
inline u64 unmask(unsigned cpu, u32 intid) {
    return call(kClearMasked, mpidr_of(cpu), intid);
}
inline u64 signal(unsigned cpu, u32 intid) {
    dsb();
    return call(kSignal, mpidr_of(cpu), intid);
}
inline u64 clear_pending(unsigned cpu, u32 intid) {
    return call(kClearPending, mpidr_of(cpu), intid);
}
bool is_pending(unsigned cpu, u32 intid);

inline u64 map(u32 input, unsigned cpu, u32 intid) {
    return call(kMap, input, mpidr_of(cpu), intid);
}
inline u64 unmap(u32 input) {
    return call(kUnmap, input);
}

// What Linux does on a CPU that comes up: everything masked and nothing pending, then on.
void init_cpu();

const intc::Controller& controller();

// A handler for InterruptHandler that acknowledges one interrupt, counts it, per CPU and INTID, and unmasks
// it again.
void count_irq();
u32 irq_count(unsigned cpu, u32 intid);

}  // namespace guest::rvic
