// How a debugger stops a vCPU, and why it stopped.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "trapeze/accel/debug.h"
#include "trapeze/trap/cpu_port.h"
#include "trapeze/trap/trap.h"

namespace trapeze::vcpu {

struct DebugEvent {
    enum class Kind : u8 { SoftwareBreakpoint, HardwareBreakpoint, Watchpoint, Step, Catch };
    Kind kind = Kind::Step;
    u64 pc = 0;              // PC of the stopped vCPU
    u64 address = 0;         // Watchpoint: the virtual address of the access
    bool completed = false;  // Catch: the instruction has been executed (MMIO); otherwise it is next
    std::string text = {};   // Catch: what was caught, one line
};

// The BRK immediate of a debugger's breakpoints. Any other BRK is the guest's own exception. Linux, for one,
// uses 4, 5, 6, 0x100 and up to 0x9ff, 0x5500 and up, 0x8000 and up (arch/arm64/include/asm/brk-imm.h).
inline constexpr u16 kDebuggerBrk = 0x7a7e;
constexpr u32 brk_instruction(u16 immediate) {
    return 0xd420'0000u | u32{immediate} << 5;
}

// Text for a trap that shall stop the vCPU. Called on the vCPU's thread, before the trap is served.
using TrapFilter = std::function<std::optional<std::string>(const trap::Trap&, trap::CpuPort&)>;

struct DebugSettings {
    accel::GuestDebug guest;
    bool held = false;   // stays where it is while the machine runs
    TrapFilter catches;  // may be empty
};

}  // namespace trapeze::vcpu
