// What the payload leaves in RAM and the checker reads: a Header, then the records, all in 64-bit words.
// Shared by a freestanding arm64 program and a program of the host, both little-endian.
#pragma once

#include <cstdint>

namespace at {

using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u64 kMagic = 0x32535345'4c54412d;  // "-ATLESS2"

// RAM of the payload's machine. Nothing writes to the arena but descriptors, and those are removed after each
// case: whatever a record does not list reads as zero there. The arena is all that differs in bits [25:0] of
// its base, so that a flipped bit of an address stays in it.
constexpr u64 kRam = 0x40000000;
constexpr u64 kRamSize = 0x20000000;
constexpr u64 kArena = 0x44000000;
constexpr u64 kArenaSize = 0x04000000;
constexpr u64 kRecords = 0x48000000;
constexpr u64 kRecordsSize = kRam + kRamSize - kRecords;

// ID_AA64PFR0, PFR1, PFR2, ISAR1, ISAR2, MMFR0, MMFR1, MMFR2, MMFR3, MMFR4: the order of mem::MmuIdRegisters.
constexpr unsigned kIdRegisters = 10;

// Which cases are made up. The names are those of scripts/at-differential.
enum class CaseRegime : u64 {
    Any = 0,
    El10 = 1,  // EL1&0 without stage 2
    S1 = 2,    // EL1&0 behind stage 2: its tables alone are translated by that
    S12 = 3,   // EL1&0, and stage 2 for the output, too
    El2 = 4,   // EL2 without E2H
    El20 = 5,  // EL2&0
};

struct Header {
    u64 magic;
    u64 seed;
    u64 first;   // number of the first case
    u64 wanted;  // that many cases
    u64 count;   // and that many there are: fewer if the memory is full
    u64 regime;  // CaseRegime
    u64 bytes;   // of all records, after this header
    u64 el;      // the Exception level that executed the cases
    u64 id[kIdRegisters];
};

struct El1 {
    u64 sctlr, tcr, ttbr0, ttbr1, mair;
};
struct El2 {
    u64 hcr, sctlr, tcr, ttbr0, ttbr1, mair, vtcr, vttbr;
};

struct Descriptor {
    u64 address;  // the stage of translation that it is for, 1 or 2, in the low bits
    u64 value;    // as in memory
};

// Followed by El2 if Header::el is not 1, and `descriptors` Descriptors.
struct Record {
    u64 number;
    u8 operation;  // an index into mem::at_operations()
    u8 pan;        // PSTATE.PAN
    u8 exception;  // 1: the instruction took an exception to EL1 or EL3
    u8 descriptors;
    u32 reserved;
    u64 va;
    u64 result;  // PAR_EL1, or ESR_ELx of the exception
    El1 el1;
};

}  // namespace at
