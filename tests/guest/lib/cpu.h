// The CPUs of a guest test, and the exceptions they take.
#pragma once

#include "guest.h"
#include "layout.h"

namespace guest {

// Saved by the vectors. `kind` of an exception is its vector number: (SP0, SPx, lower A64, lower A32) * 4 +
// (synchronous, IRQ, FIQ, SError).
struct Frame {
    u64 x[31];
    u64 elr;
    u64 spsr;
    u64 esr;
    u64 far;
    u64 padding;
};

// A synchronous exception that was asked for.
struct Caught {
    bool taken;
    bool from_el0;
    u64 esr;
    u64 elr;
    u64 spsr;
    u64 far;

    u64 ec() const { return field(esr, 31, 26); }
    u64 il() const { return field(esr, 25, 25); }
    u64 iss() const { return field(esr, 24, 0); }
};

// The state a CPU was started in, before anything changed it.
struct EntryState {
    u64 x0;
    u64 current_el;
    u64 sctlr;
    u64 daif;
    u64 spsel;
};

using InterruptHandler = void (*)();

struct Cpu {
    u64 index;
    EntryState entry;
    // Set around an instruction that may trap: the next synchronous exception is recorded in `caught` and the
    // instruction skipped.
    bool expecting;
    bool in_el0;
    Caught caught;
    InterruptHandler on_irq;
    InterruptHandler on_fiq;
    // Work for a CPU that was started by start_cpu().
    void (*function)(u64);
    u64 argument;
    u32 running;  // 1 from start_cpu() until the function returned
    u8 reserved[CPU_SIZE - 132];
};

extern "C" Cpu cpus[MAX_CPUS];

inline Cpu& this_cpu() {
    Cpu* cpu;
    asm volatile("mrs %0, TPIDR_EL1" : "=r"(cpu));
    return *cpu;
}

// Runs `body` and reports the synchronous exception that it took at EL1, if any: the faulting instruction is
// skipped. Nesting is not supported.
template <typename Body>
Caught catch_exception(Body body) {
    Cpu& cpu = this_cpu();
    cpu.caught = {};
    asm volatile("" ::: "memory");
    cpu.expecting = true;
    asm volatile("" ::: "memory");
    body();
    asm volatile("isb" ::: "memory");
    cpu.expecting = false;
    return cpu.caught;
}

inline void enable_interrupts() {
    asm volatile("msr DAIFClr, #3" ::: "memory");
}
inline void mask_interrupts() {
    asm volatile("msr DAIFSet, #3" ::: "memory");
}

// Whether an IRQ or FIQ is signalled to this CPU, masked in PSTATE or not.
inline bool irq_signalled() {
    isb();
    return (READ_SYSREG(ISR_EL1) & 1 << 7) != 0;
}
inline bool fiq_signalled() {
    isb();
    return (READ_SYSREG(ISR_EL1) & 1 << 6) != 0;
}

// MPIDR_EL1 affinity of CPU `index` on this machine: up to 8 CPUs differ in Aff0 only.
constexpr u64 mpidr_of(unsigned index) {
    return index;
}

// Starts a CPU that is off; it calls function(argument) and then turns itself off.
void start_cpu(unsigned index, void (*function)(u64), u64 argument = 0);
// Until the function has returned and PSCI says that the CPU is off.
void wait_cpu_off(unsigned index);

// --- Instructions by number ---

// Executes one instruction that reads X0 and X2 and writes X0, X2-X17 or flags, or traps. Returns X0
// afterwards.
u64 execute(u32 instruction, u64 x0, u64 x2 = 0);
// Where execute() puts the instruction on this CPU.
u64 execute_address();

struct Encoding {
    u32 bits;  // op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0]
    constexpr Encoding(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2)
        : bits(op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2) {}
    constexpr explicit Encoding(u32 value) : bits(value) {}
    constexpr u32 mrs(unsigned rt = 0) const { return 0xd5200000u | bits << 5 | rt; }
    constexpr u32 msr(unsigned rt = 0) const { return 0xd5000000u | bits << 5 | rt; }
};

// Reads a register; `value` is only changed if it worked.
Caught try_read(Encoding reg, u64& value);
Caught try_write(Encoding reg, u64 value);

// Fails the test unless `caught` is an UNDEFINED exception with a 32-bit instruction at `address`.
void expect_undefined(const Caught& caught, u64 address, const char* file, int line);
#define EXPECT_UNDEFINED(caught, address) guest::expect_undefined(caught, address, __FILE__, __LINE__)

// --- EL0 ---

// Copies the code in [begin, end) to memory that EL0 may execute and calls it there with `argument` in x0 and
// a stack, until it takes a synchronous exception, which is returned.
Caught run_at_el0(const void* begin, const void* end, u64 argument);

}  // namespace guest
