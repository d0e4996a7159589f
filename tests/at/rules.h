// Where a CPU may differ from the walker, by name.
#pragma once

#include "records.h"

namespace at {

// A case, and what the walker says of it.
struct Comparison {
    const RecordFile& file;
    const CheckedCase& c;
    const Walk& expected;
};

// One of two kinds: either some bits of the result may differ, or the CPU is right about another case than it
// was given, which the walker then has to agree with.
struct Rule {
    const char* name;
    const char* why;
    // Which bits of the result may differ; all ones: whether there is an exception, too.
    u64 (*mask)(const Comparison&);
    // Makes it that other case; false: it is none of the rule's.
    bool (*alter)(const RecordFile&, CheckedCase&);
};

std::span<const Rule> rules();

// Undecided: the walk reads RAM whose content no record has. The generator is to avoid that.
enum class Verdict : u8 { Agrees, Differs, Undecided };

struct Explanation {
    Verdict verdict = Verdict::Agrees;
    std::vector<const Rule*> used;  // the rules without which it would not agree
};

Explanation explain(const RecordFile& file, const CheckedCase& c);

}  // namespace at
