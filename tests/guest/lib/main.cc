// Start, verdicts, output, time, and the functions that the compiler expects to exist.
#include "cpu.h"
#include "smccc.h"

extern "C" {
void boot_main();
void secondary_main();
void* memcpy(void* to, const void* from, std::size_t size);
void* memset(void* to, int value, std::size_t size);
void* memmove(void* to, const void* from, std::size_t size);
int memcmp(const void* a, const void* b, std::size_t size);
}

namespace guest {
namespace {

u32 output_lock = 0;

// Lines of different CPUs do not mix. Held until the line is complete; a CPU that fails keeps it for good.
void lock_output() {
    while (__atomic_exchange_n(&output_lock, 1, __ATOMIC_ACQUIRE) != 0) asm volatile("yield");
}
void unlock_output() {
    store(output_lock, 0u);
}

void put(char c) {
    constexpr u32 kTxFull = 1 << 5;
    while ((read32(kUart + 0x18) & kTxFull) != 0) {
    }
    write32(kUart, static_cast<u8>(c));
}

void print_decimal(u64 value) {
    char digits[20];
    int n = 0;
    do {
        digits[n++] = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0) put(digits[--n]);
}

void begin_verdict(const char* verdict) {
    mask_interrupts();
    lock_output();
    print("\n");
    print(verdict);
    print(" ");
    print(test_name);
}

void begin_failure(const char* file, int line, const char* what) {
    begin_verdict("FAIL");
    print(": ");
    const char* base = file;
    for (const char* p = file; *p != '\0'; ++p) {
        if (*p == '/') base = p + 1;
    }
    print(base);
    print(":");
    print_decimal(static_cast<u64>(line));
    print(" ");
    print(what);
}

}  // namespace

void print(const char* text) {
    for (; *text != '\0'; ++text) {
        if (*text == '\n') put('\r');
        put(*text);
    }
}

void print_hex(u64 value) {
    print("0x");
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[(value >> shift) & 15]);
}

void note(const char* text, u64 value) {
    lock_output();
    print("  ");
    print(text);
    print(" ");
    print_hex(value);
    print("\n");
    unlock_output();
}

void pass() {
    begin_verdict("PASS");
    print("\n");
    power_off();
}

void skip(const char* reason) {
    begin_verdict("SKIP");
    print(": ");
    print(reason);
    print("\n");
    power_off();
}

void fail(const char* file, int line, const char* what) {
    begin_failure(file, line, what);
    print("\n");
    power_off();
}

void fail_values(const char* file, int line, const char* what, u64 got, u64 expected) {
    begin_failure(file, line, what);
    print(": got ");
    print_hex(got);
    print(", expected ");
    print_hex(expected);
    print("\n");
    power_off();
}

void power_off() {
    this_cpu().expecting = true;  // no conduit: nothing left to do but wait for the runner's timeout
    smccc::hvc(psci::kSystemOff);
    while (true) asm volatile("wfi");
}

u64 boot_argument() {
    return cpus[0].entry.x0;
}

u64 ticks_per_ms() {
    return READ_SYSREG(CNTFRQ_EL0) / 1000;
}

void start_cpu(unsigned index, void (*function)(u64), u64 argument) {
    Cpu& cpu = cpus[index];
    cpu.function = function;
    cpu.argument = argument;
    store(cpu.running, 1u);
    dsb();
    const u64 result = smccc::hvc(psci::kCpuOn64, mpidr_of(index), psci::entry_point(), index).x[0];
    if (result != psci::kSuccess) fail_values(__FILE__, __LINE__, "CPU_ON", result, psci::kSuccess);
}

void wait_cpu_off(unsigned index) {
    EXPECT(wait_until([=] { return load(cpus[index].running) == 0; }));
    EXPECT(wait_until(
        [=] { return smccc::hvc(psci::kAffinityInfo64, mpidr_of(index), 0).x[0] == psci::kAffinityOff; }));
}

// --- Instructions by number ---

namespace {

// One slot per CPU and cache line: instruction, RET.
struct alignas(64) CodeSlot {
    u32 code[16];
};
CodeSlot code_slots[MAX_CPUS];

}  // namespace

extern "C" u64 call_instruction(u64 x0, u64 code, u64 x2);

u64 execute_address() {
    return reinterpret_cast<u64>(code_slots[this_cpu().index].code);
}

u64 execute(u32 instruction, u64 x0, u64 x2) {
    constexpr u32 kRet = 0xd65f03c0;
    auto* code = reinterpret_cast<volatile u32*>(execute_address());
    code[0] = instruction;
    code[1] = kRet;
    asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" ::"r"(code) : "memory");
    return call_instruction(x0, reinterpret_cast<u64>(code), x2);
}

Caught try_read(Encoding reg, u64& value) {
    u64 result = value;
    const Caught caught = catch_exception([&] { result = execute(reg.mrs(), 0); });
    if (!caught.taken) value = result;
    return caught;
}

Caught try_write(Encoding reg, u64 value) {
    return catch_exception([&] { execute(reg.msr(), value); });
}

}  // namespace guest

void boot_main() {
    using namespace guest;
    for (unsigned i = 0; i < MAX_CPUS; ++i) cpus[i].index = i;
    write32(kUart + 0x2c, 0x70);   // UARTLCR_H: 8 bits, FIFOs
    write32(kUart + 0x30, 0x301);  // UARTCR: enable, transmit, receive
    test_main();
    pass();
}

void secondary_main() {
    using namespace guest;
    Cpu& cpu = this_cpu();
    if (load(cpu.running) != 0) {
        cpu.function(cpu.argument);
        mask_interrupts();
        store(cpu.running, 0u);
    }
    smccc::hvc(psci::kCpuOff);
    fail(__FILE__, __LINE__, "CPU_OFF returned");
}

void* memcpy(void* to, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<char>(value);
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* t = static_cast<char*>(to);
    const auto* f = static_cast<const char*>(from);
    if (t <= f) return memcpy(to, from, size);
    while (size-- > 0) t[size] = f[size];
    return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
    const auto* x = static_cast<const unsigned char*>(a);
    const auto* y = static_cast<const unsigned char*>(b);
    for (std::size_t i = 0; i < size; ++i) {
        if (x[i] != y[i]) return x[i] - y[i];
    }
    return 0;
}
