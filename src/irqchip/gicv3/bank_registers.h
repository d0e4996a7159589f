// The register banks that the distributor has for SPIs and each redistributor for SGIs and PPIs. Both are
// made from the same rows: a row names the state once for both directions, and its length is computed from
// the number of interrupts.
#pragma once

#include "gicv3/irq_bank.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::irqchip::gicv3 {

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
    bank.edge = (edge & bank.implemented) | bank.always_edge;
}

// Row makers. A Frame has `IrqBank* bank(u32 n)`, nullptr where the registers are RAZ/WI, and
// `void changed(IrqBank&, u32 reprioritised)`. `irqs` is how many INTIDs the row spans, from 0.
template <typename Frame, typename Bits>
constexpr bus::RegisterRow<Frame> bit_bank(u32 offset, u32 irqs, const char* name) {
    return {offset,
            bus::bank_bytes(1, irqs),
            bus::k32,
            name,
            [](Frame& frame, const bus::RowAccess& access) -> u64 {
                const IrqBank* bank = frame.bank(access.index / 4);
                return bank == nullptr ? 0 : Bits::read(*bank);
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                IrqBank* bank = frame.bank(access.index / 4);
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
                const IrqBank* bank = frame.bank(access.index / kBankSize);
                if (bank == nullptr) return 0;
                u64 value = 0;
                for (unsigned i = 0; i < access.size; ++i) {
                    value |= u64{bank->priority[access.index % kBankSize + i]} << (8 * i);
                }
                return value;
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                IrqBank* bank = frame.bank(access.index / kBankSize);
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
                const IrqBank* bank = frame.bank(access.index / 8);
                return bank == nullptr ? 0 : read_config(*bank, access.index / 4 % 2 * 16);
            },
            [](Frame& frame, const bus::RowAccess& access, u64 value) {
                IrqBank* bank = frame.bank(access.index / 8);
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

// The identification registers that end both frames, GICD_PIDR4 to GICD_CIDR3 and their GICR twins. Software
// looks at PIDR2.ArchRev alone (3: GICv3); the rest is the CoreSight scheme with Arm as the designer.
template <typename Frame>
constexpr bus::RegisterRow<Frame> identification(const char* name) {
    return {0xffd0,
            0x30,
            bus::k32,
            name,
            [](Frame&, const bus::RowAccess& access) -> u64 {
                static constexpr u8 kIds[] = {0x44, 0x00, 0x00, 0x00,   // PIDR4 to PIDR7
                                              0x92, 0xb4, 0x3b, 0x00,   // PIDR0 to PIDR3
                                              0x0d, 0xf0, 0x05, 0xb1};  // CIDR0 to CIDR3
                return kIds[access.index / 4];
            },
            nullptr};
}

}  // namespace trapeze::irqchip::gicv3
