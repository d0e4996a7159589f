// The registers that control address translation, raw, as the guest wrote them. Those of features that the
// guest does not have are ignored; leave them 0.
#pragma once

#include "trapeze/base/types.h"

namespace trapeze::mem {

// The controls of the EL1&0 regime.
struct El10Registers {
    u64 SCTLR_EL1 = 0;
    u64 TCR_EL1 = 0;
    u64 TTBR0_EL1 = 0;
    u64 TTBR1_EL1 = 0;
    u64 MAIR_EL1 = 0;
    u64 MAIR2_EL1 = 0;  // FEAT_AIE
    u64 TCR2_EL1 = 0;   // FEAT_TCR2
    u64 PIR_EL1 = 0;    // FEAT_S1PIE
    u64 PIRE0_EL1 = 0;  // FEAT_S1PIE
    u64 POR_EL1 = 0;    // FEAT_S1POE
    u64 POR_EL0 = 0;    // FEAT_S1POE; of EL2&0, too
};

// Those of EL2: its own regime, EL2 or EL2&0 by HCR_EL2.E2H, and what it does to EL1&0.
struct El2Registers {
    u64 HCR_EL2 = 0;
    u64 HCRX_EL2 = 0;  // FEAT_HCX
    u64 SCTLR_EL2 = 0;
    u64 TCR_EL2 = 0;  // its layout depends on HCR_EL2.E2H
    u64 TTBR0_EL2 = 0;
    u64 TTBR1_EL2 = 0;  // FEAT_VHE
    u64 MAIR_EL2 = 0;
    u64 MAIR2_EL2 = 0;  // FEAT_AIE
    u64 TCR2_EL2 = 0;   // FEAT_TCR2
    u64 PIR_EL2 = 0;    // FEAT_S1PIE
    u64 PIRE0_EL2 = 0;  // FEAT_S1PIE
    u64 POR_EL2 = 0;    // FEAT_S1POE
    u64 VTCR_EL2 = 0;
    u64 VTTBR_EL2 = 0;
};

struct MmuRegisters {
    El10Registers el10;
    El2Registers el2;
};

}  // namespace trapeze::mem
