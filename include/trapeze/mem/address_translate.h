// The address translation instructions (DDI0487 "A64 System instructions for address translation"): which
// walk each of them is, and what it does with the result.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "trapeze/arch/sysreg.h"
#include "trapeze/mem/walker.h"

namespace trapeze::mem {

enum class AtOperation : u8 {
    S1E1R,
    S1E1W,
    S1E0R,
    S1E0W,
    S1E1RP,
    S1E1WP,
    S1E1A,
    S1E2R,
    S1E2W,
    S12E1R,
    S12E1W,
    S12E0R,
    S12E0W,
    S1E2A,
};

struct AtOperationRow {
    AtOperation operation;
    std::string_view name;  // as in "AT S1E1R"
    arch::SysReg instruction;
    bool el2;  // for EL2's own regime; the others are for EL1&0, or for EL2&0 of a host
    bool privileged;
    AccessKind kind;
    bool pan;  // honours PSTATE.PAN
    Stages stages;
    bool MmuFeatures::*feature;  // nullptr: always there
};

// One row per operation, in the order of AtOperation, which is that of the encodings.
std::span<const AtOperationRow> at_operations();

// nullopt: not an AT instruction that the walker knows.
std::optional<AtOperation> find_at_operation(arch::SysReg instruction);

// False: executing the instruction is UNDEFINED. (Below EL2 those that exist can be UNDEFINED as well, or
// trapped; that is the caller's to know.)
bool at_implemented(AtOperation operation, const MmuFeatures& features);

// The result of an operation that is implemented. `pan` is PSTATE.PAN. Setting the Access flag is optional
// for AT, and is left out: see Translation::sets_access_flag.
WalkResult walk_at(AtOperation operation, const MmuRegisters& registers, const MmuFeatures& features,
                   bool pan, Gva va, const DescriptorReader& read_descriptor);

// Whether the instruction takes a Data Abort instead of writing PAR_EL1: for an external abort on the walk,
// and, to EL2, for a fault of stage 2 on the walk of stage 1 if it was executed at EL1 (AArch64.AT).
constexpr bool at_takes_exception(const WalkResult& result, bool at_el1) {
    return !result && (result.error().kind == FaultKind::ExternalAbort || (at_el1 && result.error().on_walk));
}

// PAR_EL1 after the instruction, without regard to at_takes_exception(): what a hypervisor that emulates it
// may report. nullopt: UNDEFINED.
std::optional<u64> address_translate(AtOperation operation, const MmuRegisters& registers,
                                     const MmuFeatures& features, bool pan, Gva va,
                                     const DescriptorReader& read_descriptor);

}  // namespace trapeze::mem
