// The interrupt controller of this machine, whichever the device tree says it is: what a test needs of it
// that is about something else. A test about a controller uses gicv3.h, gicv2.h or rvic.h, or gic.h for what
// the first two have in common.
#pragma once

#include "cpu.h"

namespace guest::intc {

// The numbers of interrupts are the same in every controller: 0 to 15 go from CPU to CPU, 16 to 31 are
// private wires of each CPU, and the wires of devices follow.
constexpr u32 kVirtualTimer = 27;
constexpr u32 kPhysicalTimer = 30;
constexpr u32 kFirstDevice = 32;
constexpr u32 kUart = kFirstDevice + 1;
constexpr u32 kRtc = kFirstDevice + 2;

// What acknowledge() returns for nothing.
constexpr u32 kSpurious = 1023;

enum class Kind { Gicv3, Gicv2, Rvic };

// One object for all CPUs. Functions act on the private interrupts and the interface of the CPU that calls
// them.
class Controller {
public:
    virtual Kind kind() const = 0;
    // Once, before any CPU's init_cpu(): everything of devices off, and CPU 0 its target.
    virtual void init_machine() const = 0;
    // Everything private off, and whatever will be enabled is signalled to this CPU as IRQ.
    virtual void init_cpu() const = 0;
    virtual void enable(u32 intid) const = 0;
    virtual void disable(u32 intid) const = 0;
    virtual bool is_pending(u32 intid) const = 0;
    // Whether an interrupt stops being pending when its wire goes low.
    virtual bool follows_wires() const = 0;
    // Of a device's interrupt, while it is disabled.
    virtual void set_target(u32 intid, unsigned cpu) const = 0;
    // Waits for nothing.
    virtual u32 acknowledge() const = 0;
    virtual void end(u32 intid) const = 0;
    // An interrupt below 16 to CPUs, one bit of `cpus` each. What was written before is seen by its handler.
    virtual void send(u32 intid, u32 cpus) const = 0;

protected:
    ~Controller() = default;
};

// Fails the test if the device tree names none that is known.
const Controller& controller();

inline Kind kind() {
    return controller().kind();
}
inline void init_machine() {
    controller().init_machine();
}
inline void init_cpu() {
    controller().init_cpu();
}
inline void init() {
    init_machine();
    init_cpu();
}
inline void enable(u32 intid) {
    controller().enable(intid);
}
inline void disable(u32 intid) {
    controller().disable(intid);
}
inline bool is_pending(u32 intid) {
    return controller().is_pending(intid);
}
inline bool follows_wires() {
    return controller().follows_wires();
}
inline void set_target(u32 intid, unsigned cpu) {
    controller().set_target(intid, cpu);
}
inline u32 acknowledge() {
    return controller().acknowledge();
}
inline void end(u32 intid) {
    controller().end(intid);
}
inline void send(u32 intid, u32 cpus) {
    controller().send(intid, cpus);
}

// A handler for InterruptHandler that acknowledges and ends one interrupt and counts it, per CPU and INTID
// (below 64), plus what the last INTID was.
void count_irq();
u32 irq_count(unsigned cpu, u32 intid);
u32 last_irq(unsigned cpu);
void reset_counts();

}  // namespace guest::intc
