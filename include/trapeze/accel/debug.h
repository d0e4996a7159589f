// What an accelerator offers to a debugger: debug exceptions as exits, and the registers that nobody else
// reads.
#pragma once

#include <vector>

#include "trapeze/arch/esr.h"
#include "trapeze/base/types.h"

namespace trapeze::accel {

// A debug exception of the guest while GuestDebug is on: a breakpoint, a watchpoint, a step, or any BRK. PC
// is at the instruction, which has not been executed; after a step, at the next one.
struct DebugExit {
    arch::Esr esr;
    u64 pc;
    u64 far;  // watchpoints: the virtual address of the access
};

enum class WatchKind : u8 { Read = 1, Write = 2, Access = 3 };  // DBGWCR<n>_EL1.LSC

struct Watchpoint {
    u64 address = 0;  // virtual
    u64 length = 0;   // bytes; see is_watchable()
    WatchKind kind = WatchKind::Access;
    bool operator==(const Watchpoint&) const = default;
};

// What one watchpoint register pair can match (DDI0487 "Watchpoint data address comparisons"): bytes within
// one doubleword, or a naturally aligned power of two up to 2 GiB.
constexpr bool is_watchable(u64 address, u64 length) {
    if (length == 0) return false;
    if (length <= 8 && (address & 7) + length <= 8) return true;
    return (length & (length - 1)) == 0 && length <= (u64{1} << 31) && (address & (length - 1)) == 0;
}

// Debug exceptions wanted from the guest. The default is none, and the guest owns its debug hardware.
struct GuestDebug {
    bool single_step = false;
    bool software_breakpoints = false;  // BRK exits instead of being an exception of the guest
    bool mask_interrupts = false;       // the IRQ and FIQ inputs are held low, whatever drives them
    std::vector<u64> breakpoints;       // virtual addresses
    std::vector<Watchpoint> watchpoints;

    bool operator==(const GuestDebug&) const = default;
};

struct DebugLimits {
    unsigned breakpoints = 0;
    unsigned watchpoints = 0;
};

// Floating-point, SIMD and SVE registers.
enum class VectorReg : u8 {
    V,     // 32 of 16 bytes
    Fpsr,  // 4 bytes
    Fpcr,  // 4 bytes
    Z,     // 32 of vector_length() bytes; SVE only, as the next two
    P,     // 16 of vector_length() / 8 bytes
    Ffr,   // vector_length() / 8 bytes
};

}  // namespace trapeze::accel
