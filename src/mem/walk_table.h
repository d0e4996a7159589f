// The walk through the tables, the same for every regime and stage: from a first table to a Block or Page
// descriptor. What the attributes mean is the callers' business.
#pragma once

#include "trapeze/mem/walker.h"

namespace trapeze::mem {

// What one stage of translation walks with. The address has been checked to fit in ia_bits.
struct TableWalk {
    unsigned granule_bits = 12;  // 12, 14 or 16
    unsigned ia_bits = 48;       // size of the input address
    unsigned oa_bits = 48;       // size of the output address: min(PS, implemented)
    int start_level = 0;         // -1 to 3
    Gpa base;                    // of the first table, aligned to its size
    bool ds = false;             // descriptors hold 52-bit addresses as FEAT_LPA2 lays them out
    bool lpa_64k = false;        // descriptors hold 52-bit addresses as FEAT_LPA does (64KB granule)
    bool block_1_64k = false;    // the 64KB granule has Block descriptors at level 1
    bool big_endian = false;     // byte order of the tables

    constexpr unsigned stride() const { return granule_bits - 3; }
    // Address bits that a descriptor of `level` leaves to the offset.
    constexpr unsigned offset_bits(int level) const {
        return granule_bits + stride() * static_cast<unsigned>(3 - level);
    }
};

// AArch64.S1StartLevel: as many levels as the input address needs.
constexpr int start_level(unsigned granule_bits, unsigned ia_bits) {
    return 3 - static_cast<int>((ia_bits - 1 - granule_bits) / (granule_bits - 3));
}

// The Block or Page descriptor where a walk ends.
struct Leaf {
    Gpa oa;           // the address that the input address maps to
    Gpa address;      // where the descriptor was read
    u64 descriptor;   // in the CPU's byte order
    u64 table_attrs;  // bits [63:59] of all Table descriptors on the way, ORed, in place
    int level;
    // Bytes around the input address that it maps, a power of two: all of it, or what the output address size
    // leaves of a larger block.
    u64 size;
};

// Reads a descriptor for a walk that is at `level`. Stage 1 may read through stage 2, whose faults are not
// external aborts.
using TableReader = std::function<std::expected<u64, Fault>(Gpa, int level)>;

// Faults: Translation, Address size, and what `read` reports. Not: Access flag, permission.
std::expected<Leaf, Fault> walk_tables(const TableWalk& walk, u64 input_address, const TableReader& read);

}  // namespace trapeze::mem
