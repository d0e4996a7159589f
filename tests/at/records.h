// The records of a payload, read back.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record.h"
#include "trapeze/mem/address_translate.h"

namespace at {

namespace mem = trapeze::mem;

// A descriptor as it is in memory.
struct Word {
    u64 value = 0;
    unsigned stage = 1;  // of translation
};

// A record as the walker wants it.
struct CheckedCase {
    mem::MmuFeatures features;
    u64 number = 0;
    mem::AtOperation operation{};
    bool pan = false;
    bool exception = false;
    mem::Gva va;
    u64 result = 0;
    mem::MmuRegisters registers;
    std::map<u64, Word> descriptors;  // by address; later ones win
};

struct RecordFile {
    Header header{};
    mem::MmuFeatures features;
    std::vector<u64> words;
};

// Prints what is wrong and returns nullopt.
std::optional<RecordFile> read_records(const char* path);

// The record at the start of `words`, which then is what follows; nullopt: truncated.
std::optional<CheckedCase> next_case(const RecordFile& file, std::span<const u64>& words);

// Whether two records, each with all that belongs to it, are of the same case, whatever the CPUs made of it.
bool same_case(std::span<const u64> a, std::span<const u64> b);

// Memory of the payload's machine during a case. `unknown`, if there is one, becomes true if the walk reads
// RAM whose content no record has: the generator is to avoid that.
mem::DescriptorReader reader_of(const CheckedCase& c, bool* unknown = nullptr);

struct Walk {
    mem::WalkResult result;
    u64 par = 0;
    bool exception = false;
    bool unknown = false;  // see reader_of()
};
Walk walk(const RecordFile& file, const CheckedCase& c);
// ESR_EL1 of the Data Abort, if Walk::exception: DDI0487 "ISS encoding for an exception from a Data Abort",
// with CM and WnR.
u64 expected_esr(const Walk& walk);

const mem::AtOperationRow& row_of(const CheckedCase& c);
// All of it, in lines.
void print_case(const Header& header, const CheckedCase& c);

}  // namespace at
