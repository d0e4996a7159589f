// A guest exit as the handlers see it: what was attempted, with operands decoded once.
#pragma once

#include <variant>

#include "trapeze/arch/esr.h"
#include "trapeze/arch/sysreg.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::trap {

// MRS, MSR (register) or a SYS instruction.
struct SysRegTrap {
    arch::SysReg reg;
    u8 rt;  // 31 is XZR
    bool is_read;
};

enum class Conduit : u8 { Hvc, Smc };

struct HypercallTrap {
    Conduit conduit;
    u16 immediate;
};

struct WfxTrap {
    arch::WfxKind kind;
    bool rt_valid;  // WFIT, WFET: rt holds the deadline, a CNTVCT value
    u8 rt;
};

// A load or store that the host described completely (size, register).
struct MmioTrap {
    mem::Gpa address;
    u8 size;  // bytes: 1, 2, 4, 8
    bool is_write;
    u64 value;  // writes only
};

// A data abort outside RAM whose syndrome does not describe the access (ISV = 0).
struct UndescribedMmioTrap {
    mem::Gpa address;
    u32 iss;
};

// Any other exception class: the guest used something it must not see.
struct UnexpectedTrap {
    arch::ExceptionClass ec;
    u32 iss;
};

using Trap = std::variant<SysRegTrap, HypercallTrap, WfxTrap, MmioTrap, UndescribedMmioTrap, UnexpectedTrap>;

// Total: every value of esr gives a Trap.
Trap decode(arch::Esr esr);

}  // namespace trapeze::trap
