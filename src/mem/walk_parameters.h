// The controls of stage 1 for one address and access, decoded from a regime's registers with everything
// removed that the guest's features do not include: DDI0487 "Library pseudocode", AArch64.GetS1TTWParams.
// What follows is the same for every regime.
#pragma once

#include "trapeze/mem/walker.h"
#include "walk_table.h"

namespace trapeze::mem {

struct Stage1Parameters {
    bool enabled = false;
    bool default_cacheable = false;  // HCR_EL2.DC: if not enabled, everything is Normal Write-Back
    bool default_tagged = false;     // HCR_EL2.DCT: and Tagged
    unsigned pa_bits = 48;           // implemented
    // EL1&0 and EL2&0: two address ranges, and permissions of EL0. EL2 has neither.
    bool unprivileged = true;

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
    bool nv1 = false;  // EL1's tables are in the format of EL2's (HCR_EL2.{NV,NV1})
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
    bool xs = false;  // FEAT_XS
};

Stage1Parameters stage1_parameters(const MmuRegisters& registers, const MmuFeatures& features, Regime regime,
                                   bool fetch, Gva va);

}  // namespace trapeze::mem
