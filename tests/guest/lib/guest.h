// A bare-metal guest test: one program, one claim about the machine, one verdict on the serial port.
//
//     #include "guest.h"
//     TEST(wfi_wakes_on_timer) { ... EXPECT_EQ(got, expected); ... }
//
// The body runs on CPU 0 at EL1 with the identity map, caches and vectors in place and interrupts masked. The
// first failed expectation, on any CPU, prints "FAIL name: ..." and powers the machine off; a body that
// returns prints "PASS name". A line "// smp: N" in the file asks for N CPUs; the other marks are in
// tests/guest/CMakeLists.txt.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guest {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

extern const char* const test_name;
void test_main();

#define TEST(name)                              \
    const char* const guest::test_name = #name; \
    static_assert(true);                        \
    void guest::test_main()

// --- Messages and verdicts, any CPU ---

void print(const char* text);
void print_hex(u64 value);
// A line of its own, for facts worth having in a log.
void note(const char* text, u64 value);
// Each of these ends the run.
[[noreturn]] void pass();
[[noreturn]] void skip(const char* reason);
[[noreturn]] void fail(const char* file, int line, const char* what);
[[noreturn]] void fail_values(const char* file, int line, const char* what, u64 got, u64 expected);
[[noreturn]] void power_off();

#define EXPECT(condition)                                              \
    do {                                                               \
        if (!(condition)) guest::fail(__FILE__, __LINE__, #condition); \
    } while (0)
#define EXPECT_EQ(got, expected)                                                              \
    do {                                                                                      \
        const auto got_ = static_cast<guest::u64>(got);                                       \
        const auto expected_ = static_cast<guest::u64>(expected);                             \
        if (got_ != expected_) guest::fail_values(__FILE__, __LINE__, #got, got_, expected_); \
    } while (0)
// As EXPECT_EQ; `where` (an encoding, an INTID, a loop index) is printed first.
#define EXPECT_EQ_AT(where, got, expected)                                 \
    do {                                                                   \
        const auto got_ = static_cast<guest::u64>(got);                    \
        const auto expected_ = static_cast<guest::u64>(expected);          \
        if (got_ != expected_) {                                           \
            guest::note(#where, static_cast<guest::u64>(where));           \
            guest::fail_values(__FILE__, __LINE__, #got, got_, expected_); \
        }                                                                  \
    } while (0)

// --- Devices and barriers ---

template <typename T>
inline T mmio_read(u64 address) {
    return *reinterpret_cast<volatile T*>(address);
}
template <typename T>
inline void mmio_write(u64 address, T value) {
    *reinterpret_cast<volatile T*>(address) = value;
}
// One load or store with a base register and no writeback, the form whose syndrome is valid.
inline u32 read32(u64 address) {
    u32 value;
    asm volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
inline u64 read64(u64 address) {
    u64 value;
    asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}
inline void write32(u64 address, u32 value) {
    asm volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}
inline void write64(u64 address, u64 value) {
    asm volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory");
}
inline void write8(u64 address, u8 value) {
    asm volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}
inline u8 read8(u64 address) {
    u32 value;
    asm volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return static_cast<u8>(value);
}
inline void isb() {
    asm volatile("isb" ::: "memory");
}
inline void dsb() {
    asm volatile("dsb sy" ::: "memory");
}

// A system register by any name or S<op0>_<op1>_C<n>_C<m>_<op2> that the assembler accepts.
#define READ_SYSREG(name)                                        \
    ({                                                           \
        guest::u64 value_;                                       \
        asm volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
        value_;                                                  \
    })
#define WRITE_SYSREG(name, value) \
    asm volatile("msr " #name ", %x0" ::"rZ"(static_cast<guest::u64>(value)) : "memory")

constexpr u64 field(u64 value, unsigned high, unsigned low) {
    return (value >> low) & (~u64{0} >> (63 - (high - low)));
}

// __builtin_popcount would call into libgcc.
constexpr unsigned bits_set(u64 value) {
    unsigned count = 0;
    for (; value != 0; value &= value - 1) ++count;
    return count;
}

// --- Machine ---

constexpr u64 kRam = 0x40000000;
constexpr u64 kUart = 0x09000000;
constexpr u64 kRtc = 0x09010000;
constexpr u64 kGpio = 0x09030000;
constexpr u64 kUnassigned = 0x0f000000;  // no device here
// RAM outside the image, for whoever needs it: scratch memory that nothing clears.
constexpr u64 kScratch = 0x45000000;

// x0 at entry.
u64 boot_argument();

// --- Time ---

inline u64 counter() {
    isb();
    return READ_SYSREG(CNTVCT_EL0);
}
u64 ticks_per_ms();
// Until condition() or about `ms` milliseconds have passed; whether condition() held. Generous limits are
// cheap: only a failing test waits for them, and emulation under emulation is slow.
template <typename Condition>
bool wait_until(Condition condition, u64 ms = 20000) {
    const u64 start = counter();
    const u64 limit = ms * ticks_per_ms();
    do {
        if (condition()) return true;
    } while (counter() - start < limit);
    return condition();
}

// --- Atomics ---

template <typename T>
inline T load(const T& object) {
    return __atomic_load_n(&object, __ATOMIC_ACQUIRE);
}
template <typename T>
inline void store(T& object, T value) {
    __atomic_store_n(&object, value, __ATOMIC_RELEASE);
}
template <typename T>
inline T add(T& object, T value) {
    return __atomic_fetch_add(&object, value, __ATOMIC_ACQ_REL);
}

// xorshift64*; `state` must not be zero.
inline u64 random(u64& state) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

}  // namespace guest
