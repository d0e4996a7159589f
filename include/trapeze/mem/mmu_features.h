// What the guest's ID registers say about address translation (DDI0487 "AArch64 System register
// descriptions", ID_AA64MMFR*_EL1, ID_AA64PFR*_EL1 and ID_AA64ISAR*_EL1). A control bit of a feature that is
// not here is RES0 and has no effect, whatever its value in the register.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::mem {

// The values that the guest reads. A register that the guest does not have is 0.
struct MmuIdRegisters {
    u64 ID_AA64PFR0_EL1 = 0;
    u64 ID_AA64PFR1_EL1 = 0;
    u64 ID_AA64PFR2_EL1 = 0;
    u64 ID_AA64ISAR1_EL1 = 0;
    u64 ID_AA64ISAR2_EL1 = 0;
    u64 ID_AA64MMFR0_EL1 = 0;
    u64 ID_AA64MMFR1_EL1 = 0;
    u64 ID_AA64MMFR2_EL1 = 0;
    u64 ID_AA64MMFR3_EL1 = 0;
    u64 ID_AA64MMFR4_EL1 = 0;
};

struct MmuFeatures {
    unsigned pa_bits = 48;  // implemented physical address size, 32 to 52 bits
    bool gran4k = true;
    bool gran16k = true;
    bool gran64k = true;
    bool lpa2_4k = false;       // FEAT_LPA2 for the 4KB granule
    bool lpa2_16k = false;      // FEAT_LPA2 for the 16KB granule
    bool lva = false;           // FEAT_LVA: 52-bit addresses with the 64KB granule
    bool mixed_endian = false;  // SCTLR_ELx.EE exists
    bool haf = false;           // FEAT_HAFDBS: the Access flag
    bool hdbs = false;          // FEAT_HAFDBS: the dirty state
    bool hpds = false;          // FEAT_HPDS
    bool pan = false;           // FEAT_PAN
    bool pan2 = false;          // FEAT_PAN2: AT S1E1RP and S1E1WP
    bool pan3 = false;          // FEAT_PAN3: SCTLR_ELx.EPAN
    bool e0pd = false;          // FEAT_E0PD
    bool ttst = false;          // FEAT_TTST
    bool tcr2 = false;          // FEAT_TCR2
    bool s1pie = false;         // FEAT_S1PIE
    bool s1poe = false;         // FEAT_S1POE
    bool aie = false;           // FEAT_AIE
    bool pauth = false;         // FEAT_PAuth: TCR_ELx.TBIDn
    bool mte2 = false;          // FEAT_MTE2: Tagged memory
    bool mte_perm = false;      // FEAT_MTE_PERM: stage 2 can forbid access to tags
    bool mtx = false;           // FEAT_MTE_NO_ADDRESS_TAGS: TCR_ELx.MTXn
    bool xs = false;            // FEAT_XS
    bool ats1a = false;         // FEAT_ATS1A: AT S1E1A and S1E2A

    // What only an EL2 has. Without one, the rest of these is without effect.
    bool el2 = false;
    bool vhe = false;       // FEAT_VHE: HCR_EL2.E2H can be 1
    bool e2h0 = true;       // and 0
    bool hcx = false;       // FEAT_HCX: HCRX_EL2
    bool nv = false;        // FEAT_NV: HCR_EL2.NV and NV1
    bool fwb = false;       // FEAT_S2FWB
    bool xnx = false;       // FEAT_XNX
    bool s2_gran4k = true;  // granules at stage 2
    bool s2_gran16k = true;
    bool s2_gran64k = true;
    bool s2_lpa2_4k = false;  // FEAT_LPA2 at stage 2
    bool s2_lpa2_16k = false;

    // Not modelled: FEAT_D128 (physical addresses have at most 52 bits), FEAT_S2PIE, FEAT_S2POE, FEAT_THE.
    static MmuFeatures from(const MmuIdRegisters& id);
};

}  // namespace trapeze::mem
