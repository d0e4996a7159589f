// The register banks of one, two or eight bits per interrupt that the frames of every GIC version have, all
// made from the same rows: a row names the state once for both directions, and its length is computed from
// the number of interrupts.
#pragma once

#include "gic/irq_bank.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gic {

// The state behind a bank of one bit per interrupt. write() returns the interrupts whose group changed.
namespace bits {

struct Group {
    static u32 read(const IrqBank& bank) { return bank.group; }
    static u32 write(IrqBank& bank, u32 value) {
        const u32 old = bank.group;
        bank.group = value & bank.implemented;
        return old ^ bank.group;
    }
};
struct SetEnable {
    static u32 read(const IrqBank& bank) { return bank.enabled; }
    static u32 write(IrqBank& bank, u32 value) {
        bank.enabled |= value & bank.implemented;
        return 0;
    }
};
struct ClearEnable {
    static u32 read(const IrqBank& bank) { return bank.enabled; }
    static u32 write(IrqBank& bank, u32 value) {
        bank.enabled &= ~value;
        return 0;
    }
};
struct SetPending {
    static u32 read(const IrqBank& bank) { return bank.pending(); }
    static u32 write(IrqBank& bank, u32 value) {
        bank.latched |= value & bank.implemented;
        return 0;
    }
};
struct ClearPending {
    static u32 read(const IrqBank& bank) { return bank.pending(); }
    // A level-sensitive interrupt stays pending while its wire is high.
    static u32 write(IrqBank& bank, u32 value) {
        bank.latched &= ~value;
        return 0;
    }
};
struct SetActive {
    static u32 read(const IrqBank& bank) { return bank.active; }
    static u32 write(IrqBank& bank, u32 value) {
        bank.active |= value & bank.implemented;
        return 0;
    }
};
struct ClearActive {
    static u32 read(const IrqBank& bank) { return bank.active; }
    static u32 write(IrqBank& bank, u32 value) {
        bank.active &= ~value;
        return 0;
    }
};

}  // namespace bits

// GICD_ICFGR<n>, GICR_ICFGR<n>: two bits per interrupt, of which the upper is edge (1) or level (0).
inline u32 read_config(const IrqBank& bank, unsigned first) {
    u32 value = 0;
    for (unsigned i = 0; i < 16; ++i) value |= (bank.edge >> (first + i) & 1u) << (2 * i + 1);
    return value;
}
inline void write_config(IrqBank& bank, unsigned first, u32 value) {
    u32 edge = bank.edge & ~(0xffffu << first);
    for (unsigned i = 0; i < 16; ++i) edge |= (value >> (2 * i + 1) & 1u) << (first + i);
    bank.edge = (edge & bank.implemented) | bank.sgis;
}

// Row makers. A Frame has `bank(u32 n)`, a pointer to its kind of IrqBank and nullptr where the registers are
// RAZ/WI, and `changed(bank&, u32 reprioritised)`. `irqs` is how many INTIDs the row spans, from 0.
template <typename Frame, typename Bits>
constexpr bus::RegisterRow<Frame> bit_bank(u32 offset, u32 irqs, const char* name) {
    return {offset,
            bus::bank_bytes(1, irqs),
            bus::k32,
            name,
            [](Frame& frame, const bus::RowAccess& access) -> u64 {
                const auto* bank = frame.bank(access.index / 4);
                return bank == nullptr ? 0 : Bits::read(*bank);
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                auto* bank = frame.bank(access.index / 4);
                if (bank == nullptr) return;
                const u32 reprioritised = Bits::write(*bank, static_cast<u32>(value));
                frame.changed(*bank, reprioritised);
            }};
}

template <typename Frame>
constexpr bus::RegisterRow<Frame> priority_bank(u32 offset, u32 irqs, const char* name) {
    return {offset,
            bus::bank_bytes(8, irqs),
            bus::k8or32,
            name,
            [](Frame& frame, const bus::RowAccess& access) -> u64 {
                const auto* bank = frame.bank(access.index / kBankSize);
                if (bank == nullptr) return 0;
                u64 value = 0;
                for (unsigned i = 0; i < access.size; ++i) {
                    value |= u64{bank->priority[access.index % kBankSize + i]} << (8 * i);
                }
                return value;
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                auto* bank = frame.bank(access.index / kBankSize);
                if (bank == nullptr) return;
                u32 reprioritised = 0;
                for (unsigned i = 0; i < access.size; ++i) {
                    const unsigned n = access.index % kBankSize + i;
                    const u8 priority = static_cast<u8>(value >> (8 * i) & kPriorityMask);
                    if ((bank->implemented >> n & 1u) == 0 || bank->priority[n] == priority) continue;
                    bank->priority[n] = priority;
                    reprioritised |= 1u << n;
                }
                frame.changed(*bank, reprioritised);
            }};
}

template <typename Frame>
constexpr bus::RegisterRow<Frame> config_bank(u32 offset, u32 irqs, const char* name) {
    return {offset,
            bus::bank_bytes(2, irqs),
            bus::k32,
            name,
            [](Frame& frame, const bus::RowAccess& access) -> u64 {
                const auto* bank = frame.bank(access.index / 8);
                return bank == nullptr ? 0 : read_config(*bank, access.index / 4 % 2 * 16);
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                auto* bank = frame.bank(access.index / 8);
                if (bank == nullptr) return;
                write_config(*bank, access.index / 4 % 2 * 16, static_cast<u32>(value));
                frame.changed(*bank, 0);
            }};
}

// Present in the architecture and without function here: no diagnostic.
template <typename Frame>
constexpr bus::RegisterRow<Frame> raz_wi(u32 offset, u32 length, u8 widths, const char* name) {
    return {offset,
            length,
            widths,
            name,
            [](Frame&, const bus::RowAccess&) -> u64 { return 0; },
            [](Frame&, const bus::RowAccess&, u64) {}};
}

// The identification registers that end a frame, from PIDR4 to CIDR3, one byte in each word. Software looks
// at PIDR2.ArchRev alone, the version of the architecture; the rest is the CoreSight scheme with Arm as the
// designer.
template <typename Frame, const u8 (&Ids)[12]>
constexpr bus::RegisterRow<Frame> identification(u32 offset, const char* name) {
    return {offset,
            4 * sizeof(Ids),
            bus::k32,
            name,
            [](Frame&, const bus::RowAccess& access) -> u64 { return Ids[access.index / 4]; },
            nullptr};
}

}  // namespace trapeze::irqchip::gic
