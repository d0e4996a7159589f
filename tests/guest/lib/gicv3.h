// A GICv3 without Security states and with affinity routing (IHI0069), as its driver sees it.
#pragma once

#include "gic.h"

namespace guest::gicv3 {

using namespace gic;

constexpr u64 kRedist = 0x080a0000;
constexpr u64 kRedistStride = 0x20000;
constexpr u64 kSgiFrame = 0x10000;  // of a redistributor

// Distributor and redistributor offsets; GICR_TYPER and GICR_IIDR are the other way round.
constexpr u64 kIrouter = 0x6000;
constexpr u64 kPidr2 = 0xffe8;
constexpr u64 kRedistTyper = 0x0008;
constexpr u64 kRedistWaker = 0x0014;

constexpr u64 kRouteAny = u64{1} << 31;

const Gic& controller();

// The RD_base frame of this CPU, by affinity; fails the test when there is none.
u64 redistributor();

// Waits for GICD_CTLR.RWP or GICR_CTLR.RWP to clear.
void wait_rwp(u64 frame);

void set_route(u32 intid, u64 route);  // an SPI: an affinity or kRouteAny

// Group 1 of this CPU.
inline u32 acknowledge() {
    const u64 intid = READ_SYSREG(ICC_IAR1_EL1);
    dsb();
    return static_cast<u32>(intid);
}
inline void end(u32 intid) {
    WRITE_SYSREG(ICC_EOIR1_EL1, intid);
    isb();
}
inline u32 highest_pending() {
    return static_cast<u32>(READ_SYSREG(ICC_HPPIR1_EL1));
}
// Group 0.
inline u32 acknowledge0() {
    const u64 intid = READ_SYSREG(ICC_IAR0_EL1);
    dsb();
    return static_cast<u32>(intid);
}
inline void end0(u32 intid) {
    WRITE_SYSREG(ICC_EOIR0_EL1, intid);
    isb();
}

// ICC_SGI1R_EL1 to CPUs of the affinity Aff3.Aff2.Aff1 zero, one bit of `targets` each.
inline void send_sgi(u32 intid, u16 targets) {
    dsb();
    WRITE_SYSREG(ICC_SGI1R_EL1, u64{intid} << 24 | targets);
    isb();
}

}  // namespace guest::gicv3
