// A GICv3 without Security states and with affinity routing (IHI0069), as its driver sees it.
#pragma once

#include "cpu.h"

namespace guest::gic {

constexpr u64 kDist = 0x08000000;
constexpr u64 kRedist = 0x080a0000;
constexpr u64 kRedistStride = 0x20000;
constexpr u64 kSgiFrame = 0x10000;  // of a redistributor

// Distributor and, with kSgiFrame, redistributor offsets.
constexpr u64 kCtlr = 0x0000;
constexpr u64 kTyper = 0x0004;  // GICR_TYPER is at 0x0008
constexpr u64 kIidr = 0x0008;   // GICR_IIDR is at 0x0004
constexpr u64 kIgroupr = 0x0080;
constexpr u64 kIsenabler = 0x0100;
constexpr u64 kIcenabler = 0x0180;
constexpr u64 kIspendr = 0x0200;
constexpr u64 kIcpendr = 0x0280;
constexpr u64 kIsactiver = 0x0300;
constexpr u64 kIcactiver = 0x0380;
constexpr u64 kIpriorityr = 0x0400;
constexpr u64 kIcfgr = 0x0c00;
constexpr u64 kIrouter = 0x6000;
constexpr u64 kPidr2 = 0xffe8;
constexpr u64 kRedistTyper = 0x0008;
constexpr u64 kRedistWaker = 0x0014;

constexpr u64 kRouteAny = u64{1} << 31;

constexpr u32 kSpurious = 1023;
constexpr u8 kDefaultPriority = 0xa0;

constexpr u32 kUartSpi = 32 + 1;
constexpr u32 kRtcSpi = 32 + 2;
constexpr u32 kVirtualTimer = 27;
constexpr u32 kPhysicalTimer = 30;
// An SPI that no device drives.
constexpr u32 kFreeSpi = 32 + 12;

// The RD_base frame of this CPU, by affinity; fails the test when there is none.
u64 redistributor();

// Affinity routing and both groups on. Once, before any CPU's init_cpu().
void init_distributor();
// Wakes this CPU's redistributor, puts its SGIs and PPIs into group 1 at kDefaultPriority, all disabled, and
// turns the CPU interface on with every priority let through.
void init_cpu();
inline void init() {
    init_distributor();
    init_cpu();
}

// Waits for GICD_CTLR.RWP or GICR_CTLR.RWP to clear.
void wait_rwp(u64 frame);

// Of an interrupt: private ones of the calling CPU.
void enable(u32 intid);
void disable(u32 intid);
void set_pending(u32 intid);
void clear_pending(u32 intid);
bool is_pending(u32 intid);
bool is_active(u32 intid);
void clear_active(u32 intid);
void set_priority(u32 intid, u8 priority);
u8 priority(u32 intid);
void set_group(u32 intid, unsigned group);
void set_edge(u32 intid, bool edge);
void set_route(u32 intid, u64 route);  // an SPI: an affinity or kRouteAny

// Group 1 of this CPU. acknowledge() waits for nothing and may return kSpurious.
inline u32 acknowledge() {
    const u64 intid = READ_SYSREG(ICC_IAR1_EL1);
    dsb();
    return static_cast<u32>(intid);
}
inline void end(u32 intid) {
    WRITE_SYSREG(ICC_EOIR1_EL1, intid);
    isb();
}
inline u32 acknowledge0() {
    const u64 intid = READ_SYSREG(ICC_IAR0_EL1);
    dsb();
    return static_cast<u32>(intid);
}
inline void end0(u32 intid) {
    WRITE_SYSREG(ICC_EOIR0_EL1, intid);
    isb();
}
inline u64 running_priority() {
    return READ_SYSREG(ICC_RPR_EL1);
}
inline u32 highest_pending() {
    return static_cast<u32>(READ_SYSREG(ICC_HPPIR1_EL1));
}
inline void set_mask(u8 priority) {
    WRITE_SYSREG(ICC_PMR_EL1, priority);
    isb();
}

// ICC_SGI1R_EL1 to CPUs of the affinity Aff3.Aff2.Aff1 zero, one bit of `targets` each.
inline void send_sgi(u32 intid, u16 targets) {
    dsb();
    WRITE_SYSREG(ICC_SGI1R_EL1, u64{intid} << 24 | targets);
    isb();
}
inline void send_sgi_to_others(u32 intid) {
    dsb();
    WRITE_SYSREG(ICC_SGI1R_EL1, u64{1} << 40 | u64{intid} << 24);
    isb();
}

// Whether an IRQ or FIQ is signalled to this CPU, masked in PSTATE or not.
inline bool irq_signalled() {
    isb();
    return (READ_SYSREG(ISR_EL1) & 1 << 7) != 0;
}
inline bool fiq_signalled() {
    isb();
    return (READ_SYSREG(ISR_EL1) & 1 << 6) != 0;
}

// Bits of priority that this implementation has: 0xf8 for five.
u8 implemented_priority();

// A handler for InterruptHandler that acknowledges and ends one interrupt and counts it, per CPU and INTID
// (below 64), plus what the last INTID was.
void count_irq();
u32 irq_count(unsigned cpu, u32 intid);
u32 last_irq(unsigned cpu);
void reset_counts();

}  // namespace guest::gic
