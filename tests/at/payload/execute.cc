#include "execute.h"

#define READ(name)                                    \
    ({                                                \
        at::u64 value_;                               \
        asm volatile("mrs %0, " name : "=r"(value_)); \
        value_;                                       \
    })
#define WRITE(name, value) asm volatile("msr " name ", %x0" ::"rZ"(static_cast<at::u64>(value)) : "memory")

namespace at {
namespace {

// As start.S knows it.
struct WindowCase {
    u64 va;
    u64 operation;
    u64 sctlr, tcr, ttbr0, ttbr1, mair;
    u64 vectors;
    u64 result;
    u64 exception;
};
static_assert(sizeof(WindowCase) == 80);

extern "C" {
extern char window_vectors[];
void at_el1(WindowCase* window);
u64 at_el3(u64 operation, u64 va, u64* par);
}

constexpr u64 kHighAlias = 0xffffff8000000000;
constexpr u64 kHcrE2h = u64{1} << 34;
constexpr u64 kHcrTge = u64{1} << 27;
constexpr u64 kSctlrEe = 1 << 25;

constexpr u64 bits(u64 value, unsigned high, unsigned low) {
    return value >> low & ((u64{2} << (high - low)) - 1);
}

void barrier() {
    asm volatile("dsb sy\n isb" ::: "memory");
}

Outcome at_el3_with_registers(const Case& c) {
    WRITE("HCR_EL2", c.el2.hcr);
    asm volatile("isb");
    WRITE("SCTLR_EL1", c.el1.sctlr);
    WRITE("TCR_EL1", c.el1.tcr);
    WRITE("TTBR0_EL1", c.el1.ttbr0);
    WRITE("TTBR1_EL1", c.el1.ttbr1);
    WRITE("MAIR_EL1", c.el1.mair);
    WRITE("SCTLR_EL2", c.el2.sctlr);
    WRITE("TCR_EL2", c.el2.tcr);
    WRITE("TTBR0_EL2", c.el2.ttbr0);
    if ((c.el2.hcr & kHcrE2h) != 0) WRITE("S3_4_C2_C0_1", c.el2.ttbr1);  // TTBR1_EL2
    WRITE("MAIR_EL2", c.el2.mair);
    WRITE("VTCR_EL2", c.el2.vtcr);
    WRITE("VTTBR_EL2", c.el2.vttbr);
    asm volatile("isb\n tlbi alle1\n tlbi alle2\n dsb sy\n isb" ::: "memory");
    u64 par = 0;
    const u64 esr = at_el3(c.operation, c.va, &par);
    if (esr != 0) return {esr, true};
    return {par, false};
}

Outcome at_el1_in_window(const Case& c) {
    const u64 vectors = reinterpret_cast<u64>(window_vectors);
    WindowCase window{.va = c.va,
                      .operation = c.operation,
                      .sctlr = c.el1.sctlr,
                      .tcr = c.el1.tcr,
                      .ttbr0 = c.el1.ttbr0,
                      .ttbr1 = c.el1.ttbr1,
                      .mair = c.el1.mair,
                      .vectors = c.low_window ? vectors : vectors | kHighAlias,
                      .result = 0,
                      .exception = 0};
    at_el1(&window);
    return {window.result, window.exception != 0};
}

}  // namespace

u64 current_el() {
    return READ("CurrentEL") >> 2;
}

Cpu read_cpu(u64 el, u64 (&id)[kIdRegisters]) {
    id[0] = READ("S3_0_C0_C4_0");
    id[1] = READ("S3_0_C0_C4_1");
    id[2] = READ("S3_0_C0_C4_2");
    id[3] = READ("S3_0_C0_C6_1");
    id[4] = READ("S3_0_C0_C6_2");
    for (unsigned i = 0; i < 2; ++i) id[5 + i] = i == 0 ? READ("S3_0_C0_C7_0") : READ("S3_0_C0_C7_1");
    id[7] = READ("S3_0_C0_C7_2");
    id[8] = READ("S3_0_C0_C7_3");
    id[9] = READ("S3_0_C0_C7_4");
    const u64 mmfr0 = id[5];
    constexpr u8 kPaBits[] = {32, 36, 40, 42, 44, 48, 52, 52};
    Cpu cpu;
    cpu.el3 = el == 3;
    cpu.gran4k = bits(mmfr0, 31, 28) != 15;
    cpu.gran16k = bits(mmfr0, 23, 20) != 0;
    cpu.gran64k = bits(mmfr0, 27, 24) != 15;
    cpu.lpa2_4k = bits(mmfr0, 31, 28) == 1;
    cpu.lpa2_16k = bits(mmfr0, 23, 20) == 2;
    cpu.pa_bits = kPaBits[bits(mmfr0, 2, 0)];
    cpu.pan = bits(id[6], 23, 20) != 0;
    cpu.pan2 = bits(id[6], 23, 20) >= 2;
    cpu.vhe = bits(id[6], 11, 8) != 0;
    cpu.lva = bits(id[7], 19, 16) != 0;
    cpu.nv = bits(id[7], 27, 24) != 0;
    cpu.ttst = bits(id[7], 31, 28) != 0;
    cpu.fwb = bits(id[7], 43, 40) != 0;
    cpu.ats1a = bits(id[4], 63, 60) != 0;
    return cpu;
}

u64 in_memory(const Case& c, const Entry& entry) {
    const bool host = (c.el2.hcr & (kHcrE2h | kHcrTge)) == (kHcrE2h | kHcrTge);
    const bool el2 =
        entry.stage == 2 || host || c.operation == kS1E2R || c.operation == kS1E2W || c.operation == kS1E2A;
    const bool swapped = ((el2 ? c.el2.sctlr : c.el1.sctlr) & kSctlrEe) != 0;
    return swapped ? __builtin_bswap64(entry.value) : entry.value;
}

Outcome execute(const Cpu& cpu, const Case& c) {
    for (unsigned i = 0; i < c.count; ++i)
        *reinterpret_cast<volatile u64*>(c.entries[i].address) = in_memory(c, c.entries[i]);
    barrier();
    if (cpu.pan) WRITE("S3_0_C4_C2_3", c.pan ? 1 << 22 : 0);
    const Outcome outcome = cpu.el3 ? at_el3_with_registers(c) : at_el1_in_window(c);
    if (cpu.pan) WRITE("S3_0_C4_C2_3", 0);
    for (unsigned i = 0; i < c.count; ++i) *reinterpret_cast<volatile u64*>(c.entries[i].address) = 0;
    return outcome;
}

}  // namespace at
