// Stage 2 of the EL1&0 regime: from an intermediate physical address to a physical one.
#pragma once

#include "walk_attributes.h"
#include "walk_table.h"

namespace trapeze::mem {

// AArch64.GetS2TTWParams.
struct Stage2Parameters {
    bool enabled = false;
    // T0SZ is out of bounds, or the start level is invalid or does not go with it: the walk is not valid.
    bool faults = false;
    TableWalk walk;
    bool ha = false;
    bool hd = false;  // only with ha
    bool ptw = false;
    bool xnx = false;
    bool fwb = false;
    bool cd = false;
    bool id = false;
    Shareability sh = Shareability::NonShareable;  // with walk.ds, instead of the descriptor's
};

Stage2Parameters stage2_parameters(const El2Registers& registers, const MmuFeatures& features);

// What arrives at stage 2: an access that stage 1 let through, or stage 1 itself reading a descriptor.
struct Stage2Access {
    Access access;
    bool table_walk = false;
    bool debug = false;  // permissions and the Access flag play no part
};

struct Stage2Output {
    Leaf leaf;
    Permissions permissions;
    Stage2Attributes attributes;
    bool sets_access_flag = false;
};

// AArch64.S2Translate. Faults have `stage2`, and `on_walk` for a table walk.
std::expected<Stage2Output, Fault> translate_stage2(const Stage2Parameters& parameters, Stage2Access access,
                                                    Gpa ipa, const DescriptorReader& read_descriptor);

// A fault of stage 2 at this address, and Fault::size around it.
Fault stage2_fault(FaultKind kind, int level, Gpa ipa, bool table_walk, u64 size);

}  // namespace trapeze::mem
