// The state of 32 interrupts with consecutive INTIDs, one bit each per word: what one register of the banks
// shows. Each version of the GIC adds where its interrupts go.
#pragma once

#include <array>
#include <bit>

#include "gic/types.h"
#include "trapeze/base/bits.h"

namespace trapeze::irqchip::gic {

struct IrqBank {
    IrqBank(u32 first, u32 implemented_mask, u32 sgi_mask)
        : first_intid(first), implemented(implemented_mask), sgis(sgi_mask) {}

    // Const after build.
    u32 first_intid;
    u32 implemented;  // bits outside are RAZ/WI
    u32 sgis;         // always edge-triggered

    // Programmed by the guest.
    u32 group = 0;
    u32 enabled = 0;
    u32 edge = 0;
    std::array<u8, kBankSize> priority{};

    u32 wire = 0;     // input levels
    u32 latched = 0;  // edges seen and ISPENDR writes, until acknowledged or cleared
    u32 active = 0;

    // Under what Core has put the candidates into queues; maintained by Core alone.
    u32 queued = 0;        // the candidates as of the last update
    u32 queued_group = 0;  // the group each was queued in
    std::array<u8, kBankSize> queued_priority{};

    // IHI0048 and IHI0069 "Interrupt handling state machine": a level-sensitive interrupt is pending while
    // its wire is high or software has made it so; an edge-triggered one from its edge on.
    u32 pending() const { return latched | (wire & ~edge); }
    // What may be signalled to a vCPU, as far as the interrupt itself is concerned.
    u32 candidates() const { return pending() & enabled & ~active; }

    Group group_of(unsigned n) const { return (group >> n & 1u) != 0 ? Group::G1 : Group::G0; }

    void set_wire(unsigned n, bool level) {
        const u32 mask = 1u << n;
        if (level && (wire & mask) == 0) latched |= mask & edge;
        wire = level ? wire | mask : wire & ~mask;
    }

    // Everything but the wires.
    void reset() {
        group = enabled = latched = active = 0;
        edge = sgis;
        priority.fill(0);
    }
};

// Calls f(n) for each set bit, lowest first.
template <typename F>
void for_each_bit(u32 bits, F f) {
    for (; bits != 0; bits &= bits - 1) f(static_cast<unsigned>(std::countr_zero(bits)));
}

}  // namespace trapeze::irqchip::gic
