// Loadable segments of an AArch64 ELF file. System V ABI "Object Files", "Program Loading".
#pragma once

#include <vector>

#include "byte_source.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::boot {

// Bytes to place in guest memory: `file_bytes` from `offset` of the (decompressed) file, then zeros.
struct Segment {
    mem::Gpa address;
    u64 offset = 0;
    u64 file_bytes = 0;
    u64 zero_bytes = 0;
};

struct ElfImage {
    std::vector<Segment> segments;  // sorted by address, inside `ram`, disjoint; at least one
    mem::Gpa entry;                 // physical, inside a segment
};

// Checks every field that it uses against the file and `ram`. `file` begins with the ELF magic.
Result<ElfImage> parse_elf(const ByteSource& file, mem::GpaRange ram);

}  // namespace trapeze::boot
