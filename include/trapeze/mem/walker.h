// The translation of guest virtual addresses, in software, as DDI0487 "The AArch64 Virtual Memory System
// Architecture" defines it: what the hardware would answer for these registers, this access and these tables,
// with an empty TLB. For gdb and the monitor, and for AT instructions.
//
// Pure: no state, any thread. Memory is read through the caller's function only, at most kMostReads times a
// walk. Tables are the guest's: any content, any loop is fine.
//
// The regimes of Non-secure state, for AArch64 at all Exception levels. UAO is the caller's: an access that
// it makes unprivileged is an unprivileged access here.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <vector>

#include "trapeze/mem/gpa.h"
#include "trapeze/mem/gva.h"
#include "trapeze/mem/mmu_features.h"
#include "trapeze/mem/mmu_registers.h"

namespace trapeze::mem {

class GuestMemory;

// EL1&0, EL2 and EL2&0. EL2's own is El20 with HCR_EL2.E2H = 1, El2 otherwise.
enum class Regime : u8 { El10, El2, El20 };

// Stage 2 is for EL1&0, and only if HCR_EL2.VM or DC enables it. Without it for the output, as for AT S1E1R,
// stage 1 still finds its tables through it.
enum class Stages : u8 { One, Both };

// Descriptors of one stage, level -1 to level 3.
inline constexpr int kMostLevels = 5;
// Each descriptor of stage 1 takes a walk of stage 2 to find, and the output takes one more: 35.
inline constexpr int kMostReads = kMostLevels * (kMostLevels + 1) + kMostLevels;

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
    u8 attr = 0;  // the MAIR_ELx encoding; PAR_EL1 has one more, 0xe0 (FEAT_MTE_PERM)
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
    Gpa pa;  // an intermediate physical address if stage 2 is enabled but was not asked for
    // Bytes around the address that the last descriptor maps, a power of two, of both stages the fewer; the
    // contiguous bit does not count. With translation off (`flat`): the whole physical address space.
    u64 size = 0;
    bool flat = false;
    s8 level = 0;  // -1 to 3, of the last descriptor; 0 if flat
    MemoryAttributes attributes;
    Permissions permissions;
    bool contiguous = false;
    bool global = true;  // not tagged with an ASID: nG is 0
    // The last descriptor, in the CPU's byte order, and where its stage read it. 0 if flat. These, `level`,
    // `contiguous` and `global` are stage 1's; stage 2's if stage 1 is off.
    u64 descriptor = 0;
    Gpa descriptor_address;
    // An Access flag is 0 and hardware management is enabled: the access would set bit 10.
    bool sets_access_flag = false;
};

enum class FaultKind : u8 { AddressSize, Translation, AccessFlag, Permission, ExternalAbort };

struct Fault {
    FaultKind kind = FaultKind::Translation;
    s8 level = 0;            // -1 to 3
    bool stage2 = false;     // the fault was taken on stage 2, and the level is of stage 2
    bool on_walk = false;    // and that while stage 1 read a descriptor (PAR_EL1.PTW)
    bool overlay = false;    // Permission: the overlay permissions deny the access
    bool dirty_bit = false;  // Permission: nDirty is 1 and the hardware may not clear it (FEAT_S1PIE)
    Gpa ipa{};               // stage2: the address that it could not translate (HPFAR_EL2)
    // Bytes around the address, a power of two and aligned to it, where every address has a fault for the
    // same reason, as they share the descriptor. 0: there is no such descriptor, and so are all others of its
    // range.
    u64 size = 0;

    constexpr bool operator==(const Fault&) const = default;
};

using WalkResult = std::expected<Translation, Fault>;

WalkResult walk(const MmuRegisters& registers, const MmuFeatures& features, Regime regime, Stages stages,
                Access access, Gva va, const DescriptorReader& read_descriptor);

// Stage 2 alone. Memory attributes are those of an access that stage 1 makes Normal Write-Back,
// Non-shareable.
WalkResult walk_stage2(const El2Registers& registers, const MmuFeatures& features, Access access, Gpa ipa,
                       const DescriptorReader& read_descriptor);

// Stage 1 of EL1&0, of a guest without EL2.
WalkResult walk_stage1(const El10Registers& registers, const MmuFeatures& features, Access access, Gva va,
                       const DescriptorReader& read_descriptor);

// For debuggers, which may look at any page that is mapped: permissions, the Access flag and E0PD play no
// part. The same walk otherwise, of both stages.
WalkResult translate_for_debug(const MmuRegisters& registers, const MmuFeatures& features, Regime regime,
                               Gva va, const DescriptorReader& read_descriptor);
// EL1&0 of a guest without EL2.
WalkResult translate_for_debug(const El10Registers& registers, const MmuFeatures& features, Gva va,
                               const DescriptorReader& read_descriptor);

// Both inclusive.
struct GvaRange {
    Gva first;
    Gva last;

    constexpr bool operator==(const GvaRange&) const = default;
};

// The addresses that a regime translates, tags aside, in ascending order: TTBR0_ELx's and TTBR1_ELx's, of
// which each may be absent (TxSZ out of bounds, EPDx); with stage 1 off, the physical ones. Any other address
// faults.
std::vector<GvaRange> address_ranges(const MmuRegisters& registers, const MmuFeatures& features,
                                     Regime regime);

// "PAR_EL1, Physical Address Register", 64-bit format, as after an AT instruction in Non-secure state. Bits
// that are UNKNOWN (NS) or IMPLEMENTATION DEFINED there are 0.
u64 encode_par(const WalkResult& result);

}  // namespace trapeze::mem
