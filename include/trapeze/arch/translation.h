// The fields of address translation as data (DDI0487 "AArch64 System register descriptions" and "Translation
// table descriptor formats", VMSAv8-64): only what translation reads. Field names are the manual's.
#pragma once

#include "trapeze/base/bits.h"

namespace trapeze::arch {

// "SCTLR_EL1, System Control Register (EL1)".
struct SctlrEl1 {
    using M = Field<0, 0>;
    using C = Field<2, 2>;
    using I = Field<12, 12>;
    using WXN = Field<19, 19>;
    using E0E = Field<24, 24>;
    using EE = Field<25, 25>;
    using EPAN = Field<57, 57>;
};

// "SCTLR_EL2, System Control Register (EL2)" has these fields in the same places; EPAN only with
// HCR_EL2.E2H = 1.
using SctlrEl2 = SctlrEl1;

// "HCR_EL2, Hypervisor Configuration Register".
struct HcrEl2 {
    using VM = Field<0, 0>;
    using PTW = Field<2, 2>;
    using DC = Field<12, 12>;
    using TGE = Field<27, 27>;
    using CD = Field<32, 32>;
    using ID = Field<33, 33>;
    using E2H = Field<34, 34>;
    using NV = Field<42, 42>;
    using NV1 = Field<43, 43>;
    using FWB = Field<46, 46>;
    using DCT = Field<57, 57>;
};

// "HCRX_EL2, Extended Hypervisor Configuration Register".
struct HcrxEl2 {
    using TCR2En = Field<14, 14>;
};

// "TCR_EL1, Translation Control Register (EL1)", and TCR_EL2 with HCR_EL2.E2H = 1.
struct TcrEl1 {
    using T0SZ = Field<5, 0>;
    using EPD0 = Field<7, 7>;
    using SH0 = Field<13, 12>;
    using TG0 = Field<15, 14>;
    using T1SZ = Field<21, 16>;
    using EPD1 = Field<23, 23>;
    using SH1 = Field<29, 28>;
    using TG1 = Field<31, 30>;
    using IPS = Field<34, 32>;
    using TBI0 = Field<37, 37>;
    using TBI1 = Field<38, 38>;
    using HA = Field<39, 39>;
    using HD = Field<40, 40>;
    using HPD0 = Field<41, 41>;
    using HPD1 = Field<42, 42>;
    using TBID0 = Field<51, 51>;
    using TBID1 = Field<52, 52>;
    using E0PD0 = Field<55, 55>;
    using E0PD1 = Field<56, 56>;
    using DS = Field<59, 59>;
    using MTX0 = Field<60, 60>;
    using MTX1 = Field<61, 61>;
};

// "TCR_EL2, Translation Control Register (EL2)" with HCR_EL2.E2H = 0.
struct TcrEl2 {
    using T0SZ = Field<5, 0>;
    using SH0 = Field<13, 12>;
    using TG0 = Field<15, 14>;
    using PS = Field<18, 16>;
    using TBI = Field<20, 20>;
    using HA = Field<21, 21>;
    using HD = Field<22, 22>;
    using HPD = Field<24, 24>;
    using TBID = Field<29, 29>;
    using DS = Field<32, 32>;
    using MTX = Field<33, 33>;
};

// "VTCR_EL2, Virtualization Translation Control Register".
struct VtcrEl2 {
    using T0SZ = Field<5, 0>;
    using SL0 = Field<7, 6>;
    using SH0 = Field<13, 12>;
    using TG0 = Field<15, 14>;
    using PS = Field<18, 16>;
    using HA = Field<21, 21>;
    using HD = Field<22, 22>;
    using DS = Field<32, 32>;
    using SL2 = Field<33, 33>;
};

// "TCR2_EL1, Extended Translation Control Register (EL1)", and TCR2_EL2.
struct Tcr2El1 {
    using PIE = Field<1, 1>;
    using E0POE = Field<2, 2>;
    using POE = Field<3, 3>;
    using AIE = Field<4, 4>;
};

// "TTBR0_EL1, Translation Table Base Register 0 (EL1)", TTBR1_EL1, those of EL2 and VTTBR_EL2. With 52-bit
// addresses BADDR_51_48 are the bits [51:48] of the address, and bits [5:0] of the address are zero.
struct TtbrEl1 {
    using BADDR = Field<47, 1>;
    using BADDR_51_48 = Field<5, 2>;
    static constexpr u64 kAddress = mask(47, 1);
    static constexpr u64 kAddress52 = mask(47, 6);
};

// Table, Block and Page descriptors of stage 1.
struct Descriptor {
    using Valid = Field<0, 0>;
    using TableOrPage = Field<1, 1>;  // 0: Block, which level 3 does not have
    using AttrIndx = Field<4, 2>;
    using AP1 = Field<6, 6>;  // accessible at EL0
    using AP2 = Field<7, 7>;  // read-only
    using NDirty = Field<7, 7>;
    using SH = Field<9, 8>;
    using AF = Field<10, 10>;
    using NG = Field<11, 11>;
    using DBM = Field<51, 51>;
    using Contiguous = Field<52, 52>;
    using PXN = Field<53, 53>;
    using UXN = Field<54, 54>;
    using AttrIndx3 = Field<59, 59>;
    using POIndex = Field<62, 60>;

    using PXNTable = Field<59, 59>;
    using UXNTable = Field<60, 60>;
    using APTable0 = Field<61, 61>;  // no access at EL0
    using APTable1 = Field<62, 62>;  // read-only

    // Bits [51:48] of an address of 52 bits: with the 64KB granule, FEAT_LPA; with the others, FEAT_LPA2,
    // where [49:48] are in place.
    using OA_51_48_64K = Field<15, 12>;
    using OA_49_48_LPA2 = Field<49, 48>;
    using OA_51_50_LPA2 = Field<9, 8>;

    // "Stage 1 Indirect permissions": PIIndex[3:0] = bits 54, 53, 51, 6.
    static constexpr unsigned pi_index(u64 descriptor) {
        return static_cast<unsigned>(extract(descriptor, 54, 53) << 2 | DBM::get(descriptor) << 1 |
                                     AP1::get(descriptor));
    }
};

// Block and Page descriptors of stage 2; what is not here is as in stage 1.
struct Stage2Descriptor {
    using MemAttr = Field<5, 2>;
    using S2AP0 = Field<6, 6>;  // readable
    using S2AP1 = Field<7, 7>;  // writable
    using FnXS = Field<11, 11>;
    using XN0 = Field<53, 53>;  // FEAT_XNX
    using XN1 = Field<54, 54>;
};

// "PAR_EL1, Physical Address Register", the 64-bit format.
struct ParEl1 {
    using F = Field<0, 0>;
    // F is 0.
    using SH = Field<8, 7>;
    using Res1 = Field<11, 11>;  // both formats; NSE only with FEAT_RME
    using ATTR = Field<63, 56>;
    static constexpr u64 kPa = mask(51, 12);
    // F is 1.
    using FST = Field<6, 1>;
    using PTW = Field<8, 8>;
    using S = Field<9, 9>;
    using Overlay = Field<14, 14>;
    using DirtyBit = Field<15, 15>;
};

// TCR_ELx.PS/IPS and ID_AA64MMFR0_EL1.PARange: bits of a physical address. Larger values of the field than
// the manual allocates mean the largest size.
constexpr unsigned physical_address_bits(u64 encoding) {
    constexpr unsigned kBits[] = {32, 36, 40, 42, 44, 48, 52, 56};
    return kBits[encoding < 7 ? encoding : 7];
}

}  // namespace trapeze::arch
