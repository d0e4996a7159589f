// The controls of stage 1 for one address and access, decoded from a regime's registers with everything
// removed that the guest's features do not include: DDI0487 "Library pseudocode", AArch64.GetS1TTWParams.
// Another regime (EL2, EL2&0) is another function that fills this structure.
#pragma once

#include "trapeze/mem/walker.h"
#include "walk_table.h"

namespace trapeze::mem {

struct Stage1Parameters {
    bool enabled = false;
    unsigned pa_bits = 48;  // implemented

    // The input address. In a regime with two ranges bit 55 selects, and `upper` is its value.
    bool upper = false;
    unsigned address_top = 63;  // the highest bit that must be canonical: 55 with TBI
    bool mtx = false;           // bits [59:56] are a tag
    bool txsz_faults = false;   // TxSZ is out of bounds; the walk is not valid then
    bool epd = false;
    bool e0pd = false;
    TableWalk walk;

    // Access flag and dirty state.
    bool ha = false;
    bool hd = false;  // only with ha

    // Permissions.
    bool hpd = false;
    bool wxn = false;
    bool pan = false;  // PAN exists
    bool epan = false;
    bool pie = false;
    u64 pir = 0;
    u64 pire0 = 0;
    bool poe = false;    // overlays for privileged accesses
    bool e0poe = false;  // and for unprivileged ones
    u64 por = 0;
    u64 por_el0 = 0;

    // Attributes.
    u64 mair = 0;
    u64 mair2 = 0;
    bool aie = false;
    u8 sh = 0;  // with walk.ds, instead of the descriptor's
    bool data_cacheable = false;
    bool instruction_cacheable = false;
};

Stage1Parameters stage1_parameters(const El10Registers& registers, const MmuFeatures& features, bool fetch,
                                   Gva va);

}  // namespace trapeze::mem
