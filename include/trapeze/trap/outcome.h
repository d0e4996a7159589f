// What a handler wants to happen to the vCPU. Handlers return intent; vcpu::complete() is the only code that
// writes PC and registers.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "trapeze/arch/esr.h"
#include "trapeze/base/types.h"
#include "trapeze/trap/cpu_port.h"

namespace trapeze::trap {

// The instruction is done; continue after it.
struct Advance {};

// As Advance, and Rt receives `value` (Rt = 31 discards it). For MRS.
struct WriteReg {
    u8 rt;
    u64 value;
};

// As Advance, and an MMIO load receives `value` (low 8 * size bits).
struct MmioData {
    u64 value;
};

// As Advance, and X0..X(count-1) receive results (SMC Calling Convention, "Return values").
struct CallResult {
    std::array<u64, 4> x{};
    u8 count = 1;
};

// As Advance, and registers receive what an emulated load or store leaves in them, in this order.
struct RegisterWrites {
    struct General {
        u8 n;  // 31 is SP here; what goes to XZR is not in the list
        u64 value;
    };
    struct Vector {
        u8 n;
        VectorValue value;  // bits of a longer register (SVE) become zero
    };
    std::array<General, 9> x = {};  // the base, and eight of LD64B
    u8 x_count = 0;
    std::array<Vector, 4> v = {};
    u8 v_count = 0;
    bool exclusive = false;  // a Load-Exclusive or Store-Exclusive: what the monitor holds is `marked`
    std::optional<ExclusiveMonitor> marked = {};

    void add(u8 n, u64 value) { x[x_count++] = {n, value}; }
    void add(u8 n, const VectorValue& value) { v[v_count++] = {n, value}; }
};

// Execute the instruction again.
struct Retry {};

// Take a synchronous exception to EL1 at the instruction.
struct Inject {
    arch::Esr esr;
    std::optional<u64> far = {};  // FAR_EL1, of a class that has an address
    static constexpr Inject undef() { return {arch::Esr::make(arch::ExceptionClass::Unknown, 0)}; }
};

// Inject an external abort for the faulting data access.
struct InjectExternalAbort {};

// As Advance, or as CallResult when there is a result; then sleep until an interrupt is pending or, with a
// deadline, until CNTVCT_EL0 reaches it.
struct Block {
    std::optional<u64> deadline_cntvct = {};
    std::optional<CallResult> result = {};  // of a call that blocks (PSCI CPU_SUSPEND)
};

// Go on elsewhere, with other registers; the instruction is not to be skipped. For SDEI.
struct Redirect {
    u64 pc = 0;
    u64 pstate = 0;
    bool as_exception = false;  // `pstate` then changes as by taking an exception to EL1
    u8 count = 0;               // X0..X(count-1) are set
    std::array<u64, 18> x{};
    struct ExceptionReturn {
        u64 elr_el1, spsr_el1;
    };
    std::optional<ExceptionReturn> exception_return = {};
};

enum class StopReason : u8 {
    CpuOff,    // PSCI CPU_OFF: this vCPU only
    PowerOff,  // the machine, by the guest's request
    Reset,     // the machine, by the guest's request
};

// Leave the run loop. The instruction is not completed: nothing observes this vCPU's registers before they
// are set again.
struct Stop {
    StopReason reason;
};

using Outcome = std::variant<Advance, WriteReg, MmioData, CallResult, RegisterWrites, Retry, Inject,
                             InjectExternalAbort, Block, Redirect, Stop>;

}  // namespace trapeze::trap
