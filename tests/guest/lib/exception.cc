// Exceptions: recorded when asked for, fatal otherwise.
#include "cpu.h"

extern "C" {
guest::Cpu cpus[MAX_CPUS];
alignas(16) char cpu_stacks[MAX_CPUS * STACK_SIZE];
void el0_return();
void enter_el0(guest::u64 pc, guest::u64 sp, guest::u64 argument);
void handle_exception(guest::Frame* frame, guest::u64 kind);
}

namespace guest {

static_assert(sizeof(Cpu) == CPU_SIZE);
static_assert(offsetof(Cpu, entry) == CPU_ENTRY_STATE);
static_assert(sizeof(Frame) == FRAME_SIZE);
static_assert(offsetof(Frame, elr) == 248 && offsetof(Frame, far) == 272);

namespace {

constexpr u64 kSpsrEl1h = 0x3c5;  // EL1h, DAIF masked

enum Kind : u64 { kSyncSpx = 4, kIrqSpx = 5, kFiqSpx = 6, kSyncLower = 8, kIrqLower = 9, kFiqLower = 10 };

[[noreturn]] void unexpected(const Frame* frame, u64 kind) {
    note("unexpected exception, vector", kind);
    note("ESR_EL1", frame->esr);
    note("ELR_EL1", frame->elr);
    note("FAR_EL1", frame->far);
    note("SPSR_EL1", frame->spsr);
    note("X30", frame->x[30]);
    fail(__FILE__, __LINE__, "unexpected exception");
}

}  // namespace

void expect_undefined(const Caught& caught, u64 address, const char* file, int line) {
    if (!caught.taken) fail(file, line, "no exception was taken");
    if (caught.ec() != 0) fail_values(file, line, "ESR_EL1.EC of an UNDEFINED instruction", caught.ec(), 0);
    if (caught.il() != 1) fail_values(file, line, "ESR_EL1.IL", caught.il(), 1);
    if (caught.iss() != 0) fail_values(file, line, "ESR_EL1.ISS", caught.iss(), 0);
    if (caught.elr != address) fail_values(file, line, "ELR_EL1", caught.elr, address);
}

Caught run_at_el0(const void* begin, const void* end, u64 argument) {
    auto* to = reinterpret_cast<volatile u8*>(u64{EL0_REGION});
    const auto* from = static_cast<const u8*>(begin);
    const auto size = static_cast<std::size_t>(static_cast<const u8*>(end) - from);
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
    for (std::size_t i = 0; i < size + 64; i += 16) {
        asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0" ::"r"(u64{EL0_REGION} + i) : "memory");
    }
    asm volatile("dsb ish\n isb" ::: "memory");
    Cpu& cpu = this_cpu();
    cpu.caught = {};
    cpu.in_el0 = true;
    enter_el0(EL0_REGION, u64{EL0_REGION} + 0x10000, argument);
    return cpu.caught;
}

}  // namespace guest

void handle_exception(guest::Frame* frame, guest::u64 kind) {
    using namespace guest;
    Cpu& cpu = this_cpu();
    if ((kind == kIrqSpx || kind == kIrqLower) && cpu.on_irq != nullptr) return cpu.on_irq();
    if ((kind == kFiqSpx || kind == kFiqLower) && cpu.on_fiq != nullptr) return cpu.on_fiq();
    const bool el0 = kind == kSyncLower && cpu.in_el0;
    if (!el0 && !(kind == kSyncSpx && cpu.expecting)) unexpected(frame, kind);
    cpu.caught = {true, el0, frame->esr, frame->elr, frame->spsr, frame->far};
    if (el0) {
        cpu.in_el0 = false;
        frame->elr = reinterpret_cast<u64>(&el0_return);
        frame->spsr = kSpsrEl1h;
    } else {
        cpu.expecting = false;
        frame->elr += 4;
    }
}
