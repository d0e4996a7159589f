// One case: registers, tables, an address and an operation.
#pragma once

#include "../record.h"

namespace at {

// What the generator wants to know of the CPU, so that most of its tables are found. It need not be right:
// whatever the CPU does with a case, the walker has to do, too.
struct Cpu {
    bool el3 = false;
    bool gran4k = false;
    bool gran16k = false;
    bool gran64k = false;
    bool lpa2_4k = false;
    bool lpa2_16k = false;
    bool lva = false;
    bool ttst = false;
    bool pan = false;
    bool pan2 = false;
    bool ats1a = false;
    bool vhe = false;
    bool fwb = false;
    bool nv = false;
    unsigned pa_bits = 32;
};

enum Operation : u8 {
    kS1E1R,
    kS1E1W,
    kS1E0R,
    kS1E0W,
    kS1E1RP,
    kS1E1WP,
    kS1E1A,
    kS1E2R,
    kS1E2W,
    kS12E1R,
    kS12E1W,
    kS12E0R,
    kS12E0W,
    kS1E2A
};

// A descriptor in the making, in the CPU's byte order.
struct Entry {
    u64 address;
    u64 value;
    u64 next;  // the table or the output that it leads to before it is mutated
    u8 stage;  // 1 or 2
    bool leaf;
    u8 offset_bits;  // of the memory that it maps
};

struct Case {
    u64 number;
    u8 operation;
    bool pan;
    u64 va;
    El1 el1;
    El2 el2;
    // EL1 only: the window is the half of TTBR0.
    bool low_window;
    static constexpr unsigned kMostEntries = 60;
    Entry entries[kMostEntries];
    unsigned count;
};

// Everything of case `number`; the same for the same seed, number, CPU and choice of regime.
void generate(const Cpu& cpu, u64 seed, u64 number, CaseRegime regime, Case& c);

}  // namespace at
