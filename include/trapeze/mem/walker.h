// The translation of guest virtual addresses, in software, as DDI0487 "The AArch64 Virtual Memory System
// Architecture" defines it: what the hardware would answer for these registers, this access and these tables,
// with an empty TLB. For gdb and the monitor, and for AT instructions.
//
// Pure: no state, any thread. Memory is read through the caller's function only, at most five times a walk
// (one descriptor per level). Tables are the guest's: any content, any loop is fine.
//
// Present: stage 1 of the EL1&0 regime. Every regime is reduced to the same walk parameters first
// (src/mem/walk_parameters.h), so another one adds registers and their decoding, not a walker.
#pragma once

#include <expected>
#include <functional>
#include <optional>

#include "trapeze/mem/gpa.h"
#include "trapeze/mem/gva.h"
#include "trapeze/mem/mmu_features.h"

namespace trapeze::mem {

class GuestMemory;

// The controls of the EL1&0 regime, raw. Those of features that the guest does not have are ignored; leave
// them 0.
struct El10Registers {
    u64 SCTLR_EL1 = 0;
    u64 TCR_EL1 = 0;
    u64 TTBR0_EL1 = 0;
    u64 TTBR1_EL1 = 0;
    u64 MAIR_EL1 = 0;
    u64 MAIR2_EL1 = 0;  // FEAT_AIE
    u64 TCR2_EL1 = 0;   // FEAT_TCR2
    u64 PIR_EL1 = 0;    // FEAT_S1PIE
    u64 PIRE0_EL1 = 0;  // FEAT_S1PIE
    u64 POR_EL1 = 0;    // FEAT_S1POE
    u64 POR_EL0 = 0;    // FEAT_S1POE
};

// Any: no permission is needed, as for AT S1E1A.
enum class AccessKind : u8 { Read, Write, Fetch, Any };

struct Access {
    AccessKind kind = AccessKind::Read;
    bool privileged = true;  // false: as EL0
    bool pan = false;        // PSTATE.PAN is 1 and this access honours it
};

// Returns the 64 bits at a guest physical address that is a multiple of 8, little-endian; nullopt is an
// external abort. For example guest_memory_reader().
using DescriptorReader = std::function<std::optional<u64>(Gpa)>;

// Descriptors in guest RAM; anything else is an external abort. `memory` must outlive the reader.
DescriptorReader guest_memory_reader(const GuestMemory& memory);

enum class Shareability : u8 { NonShareable = 0b00, OuterShareable = 0b10, InnerShareable = 0b11 };

// As PAR_EL1 presents them.
struct MemoryAttributes {
    u8 attr = 0;  // the MAIR_ELx encoding
    Shareability shareability = Shareability::OuterShareable;

    constexpr bool is_device() const { return (attr & 0xf0) == 0; }
    constexpr bool operator==(const MemoryAttributes&) const = default;
};

struct AccessRights {
    bool read = false;
    bool write = false;
    bool execute = false;

    constexpr bool operator==(const AccessRights&) const = default;
};

// After hierarchical control, WXN, overlays and, if Access::pan, PAN.
struct Permissions {
    AccessRights privileged;
    AccessRights unprivileged;

    constexpr bool operator==(const Permissions&) const = default;
};

struct Translation {
    Gpa pa;
    // Bytes that the last descriptor maps, a power of two; the contiguous bit does not count. With stage 1
    // off (`flat`): the whole physical address space.
    u64 size = 0;
    bool flat = false;
    s8 level = 0;  // -1 to 3, of the last descriptor; 0 if flat
    MemoryAttributes attributes;
    Permissions permissions;
    bool contiguous = false;
    bool global = true;  // not tagged with an ASID: nG is 0
    // The last descriptor, in the CPU's byte order, and where it was read. 0 if flat.
    u64 descriptor = 0;
    Gpa descriptor_address;
    // The Access flag is 0 and hardware management is enabled: the access would set bit 10.
    bool sets_access_flag = false;
};

enum class FaultKind : u8 { AddressSize, Translation, AccessFlag, Permission, ExternalAbort };

struct Fault {
    FaultKind kind = FaultKind::Translation;
    s8 level = 0;            // -1 to 3
    bool stage2 = false;     // the fault was taken on stage 2; never for a walk of stage 1 alone
    bool on_walk = false;    // and that while stage 1 read a descriptor (PAR_EL1.PTW)
    bool overlay = false;    // Permission: the overlay permissions deny the access
    bool dirty_bit = false;  // Permission: nDirty is 1 and the hardware may not clear it (FEAT_S1PIE)

    constexpr bool operator==(const Fault&) const = default;
};

using WalkResult = std::expected<Translation, Fault>;

// Stage 1 of EL1&0.
WalkResult walk_stage1(const El10Registers& registers, const MmuFeatures& features, Access access, Gva va,
                       const DescriptorReader& read_descriptor);

// For debuggers, which may look at any page that is mapped: permissions, the Access flag and E0PD play no
// part. The same walk otherwise.
WalkResult translate_for_debug(const El10Registers& registers, const MmuFeatures& features, Gva va,
                               const DescriptorReader& read_descriptor);

// "PAR_EL1, Physical Address Register", 64-bit format, as after an AT instruction in Non-secure state. Bits
// that are UNKNOWN (NS) or IMPLEMENTATION DEFINED there are 0.
u64 encode_par(const WalkResult& result);

}  // namespace trapeze::mem
