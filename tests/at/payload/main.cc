// Runs cases and leaves the records at kRecords. Prints "records BYTES" in hexadecimal when it is done, and
// waits.
#include "execute.h"

extern "C" {
extern const volatile at::u64 parameters[4];  // seed, first case, count, regime
void payload_main();
// The compiler expects these to exist.
void* memcpy(void* to, const void* from, unsigned long size);
void* memset(void* to, int value, unsigned long size);
}

namespace at {
namespace {

constexpr u64 kUart = 0x09000000;

void put(char c) {
    constexpr u32 kTxFull = 1 << 5;
    while ((*reinterpret_cast<volatile u32*>(kUart + 0x18) & kTxFull) != 0) {
    }
    *reinterpret_cast<volatile u32*>(kUart) = static_cast<u8>(c);
}

void print(const char* text) {
    for (; *text != '\0'; ++text) put(*text);
}

void print_hex(u64 value) {
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

// The place of the next record.
u64* cursor;

void append(const void* data, unsigned long bytes) {
    const u64* words = static_cast<const u64*>(data);
    for (unsigned long i = 0; i < bytes / sizeof(u64); ++i) *cursor++ = words[i];
}

void append_record(const Cpu& cpu, const Case& c, Outcome outcome) {
    const Record record{.number = c.number,
                        .operation = c.operation,
                        .pan = c.pan,
                        .exception = outcome.exception,
                        .descriptors = static_cast<u8>(c.count),
                        .reserved = 0,
                        .va = c.va,
                        .result = outcome.result,
                        .el1 = c.el1};
    append(&record, sizeof(record));
    if (cpu.el3) append(&c.el2, sizeof(c.el2));
    for (unsigned i = 0; i < c.count; ++i) {
        const Descriptor descriptor{c.entries[i].address | c.entries[i].stage, in_memory(c, c.entries[i])};
        append(&descriptor, sizeof(descriptor));
    }
}

constexpr u64 kMostRecordBytes = sizeof(Record) + sizeof(El2) + Case::kMostEntries * sizeof(Descriptor);

}  // namespace
}  // namespace at

void payload_main() {
    using namespace at;
    *reinterpret_cast<volatile u32*>(kUart + 0x2c) = 0x70;   // UARTLCR_H: 8 bits, FIFOs
    *reinterpret_cast<volatile u32*>(kUart + 0x30) = 0x301;  // UARTCR: enable, transmit, receive
    auto* header = reinterpret_cast<Header*>(kRecords);
    header->magic = kMagic;
    header->seed = parameters[0];
    header->first = parameters[1];
    header->wanted = parameters[2];
    header->count = 0;
    header->regime = parameters[3];
    header->el = current_el();
    const Cpu cpu = read_cpu(header->el, header->id);
    cursor = reinterpret_cast<u64*>(header + 1);
    static Case c;
    for (u64 i = 0; i < header->wanted; ++i) {
        if (reinterpret_cast<u64>(cursor) + kMostRecordBytes > kRecords + kRecordsSize) break;
        generate(cpu, header->seed, header->first + i, static_cast<CaseRegime>(header->regime), c);
        append_record(cpu, c, execute(cpu, c));
        ++header->count;
    }
    header->bytes = reinterpret_cast<u64>(cursor) - reinterpret_cast<u64>(header + 1);
    asm volatile("dsb sy" ::: "memory");
    print("\nrecords ");
    print_hex(reinterpret_cast<u64>(cursor) - kRecords);
    print("\n");
}

void* memcpy(void* to, const void* from, unsigned long size) {
    for (unsigned long i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
    return to;
}

void* memset(void* to, int value, unsigned long size) {
    for (unsigned long i = 0; i < size; ++i) static_cast<char*>(to)[i] = static_cast<char>(value);
    return to;
}
