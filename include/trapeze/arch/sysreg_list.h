// Every system register the program knows by name: X(name, op0, op1, CRn, CRm, op2), in encoding order, which
// a static_assert in sysreg.cc checks. One row gives the constant reg::NAME and the name in traces.
#pragma once

// clang-format off
#define TRAPEZE_SYSREG_LIST(X) \
    X(MDSCR_EL1,        2, 0,  0,  2, 2) \
    X(OSLAR_EL1,        2, 0,  1,  0, 4) \
    X(OSLSR_EL1,        2, 0,  1,  1, 4) \
    X(OSDLR_EL1,        2, 0,  1,  3, 4) \
    X(MIDR_EL1,         3, 0,  0,  0, 0) \
    X(MPIDR_EL1,        3, 0,  0,  0, 5) \
    X(REVIDR_EL1,       3, 0,  0,  0, 6) \
    X(ID_AA64PFR0_EL1,  3, 0,  0,  4, 0) \
    X(ID_AA64PFR1_EL1,  3, 0,  0,  4, 1) \
    X(ID_AA64DFR0_EL1,  3, 0,  0,  5, 0) \
    X(ID_AA64MMFR0_EL1, 3, 0,  0,  7, 0) \
    X(ID_AA64MMFR1_EL1, 3, 0,  0,  7, 1) \
    X(SCTLR_EL1,        3, 0,  1,  0, 0) \
    X(ACTLR_EL1,        3, 0,  1,  0, 1) \
    X(CPACR_EL1,        3, 0,  1,  0, 2) \
    X(TTBR0_EL1,        3, 0,  2,  0, 0) \
    X(TTBR1_EL1,        3, 0,  2,  0, 1) \
    X(TCR_EL1,          3, 0,  2,  0, 2) \
    X(SPSR_EL1,         3, 0,  4,  0, 0) \
    X(ELR_EL1,          3, 0,  4,  0, 1) \
    X(ICC_PMR_EL1,      3, 0,  4,  6, 0) \
    X(ESR_EL1,          3, 0,  5,  2, 0) \
    X(FAR_EL1,          3, 0,  6,  0, 0) \
    X(PAR_EL1,          3, 0,  7,  4, 0) \
    X(MAIR_EL1,         3, 0, 10,  2, 0) \
    X(VBAR_EL1,         3, 0, 12,  0, 0) \
    X(ICC_IAR0_EL1,     3, 0, 12,  8, 0) \
    X(ICC_EOIR0_EL1,    3, 0, 12,  8, 1) \
    X(ICC_HPPIR0_EL1,   3, 0, 12,  8, 2) \
    X(ICC_BPR0_EL1,     3, 0, 12,  8, 3) \
    X(ICC_AP0R0_EL1,    3, 0, 12,  8, 4) \
    X(ICC_AP0R1_EL1,    3, 0, 12,  8, 5) \
    X(ICC_AP0R2_EL1,    3, 0, 12,  8, 6) \
    X(ICC_AP0R3_EL1,    3, 0, 12,  8, 7) \
    X(ICC_AP1R0_EL1,    3, 0, 12,  9, 0) \
    X(ICC_AP1R1_EL1,    3, 0, 12,  9, 1) \
    X(ICC_AP1R2_EL1,    3, 0, 12,  9, 2) \
    X(ICC_AP1R3_EL1,    3, 0, 12,  9, 3) \
    X(ICC_DIR_EL1,      3, 0, 12, 11, 1) \
    X(ICC_RPR_EL1,      3, 0, 12, 11, 3) \
    X(ICC_SGI1R_EL1,    3, 0, 12, 11, 5) \
    X(ICC_ASGI1R_EL1,   3, 0, 12, 11, 6) \
    X(ICC_SGI0R_EL1,    3, 0, 12, 11, 7) \
    X(ICC_IAR1_EL1,     3, 0, 12, 12, 0) \
    X(ICC_EOIR1_EL1,    3, 0, 12, 12, 1) \
    X(ICC_HPPIR1_EL1,   3, 0, 12, 12, 2) \
    X(ICC_BPR1_EL1,     3, 0, 12, 12, 3) \
    X(ICC_CTLR_EL1,     3, 0, 12, 12, 4) \
    X(ICC_SRE_EL1,      3, 0, 12, 12, 5) \
    X(ICC_IGRPEN0_EL1,  3, 0, 12, 12, 6) \
    X(ICC_IGRPEN1_EL1,  3, 0, 12, 12, 7) \
    X(CONTEXTIDR_EL1,   3, 0, 13,  0, 1) \
    X(TPIDR_EL1,        3, 0, 13,  0, 4) \
    X(CNTKCTL_EL1,      3, 0, 14,  1, 0) \
    X(CTR_EL0,          3, 3,  0,  0, 1) \
    X(TPIDR_EL0,        3, 3, 13,  0, 2) \
    X(TPIDRRO_EL0,      3, 3, 13,  0, 3) \
    X(CNTFRQ_EL0,       3, 3, 14,  0, 0) \
    X(CNTPCT_EL0,       3, 3, 14,  0, 1) \
    X(CNTVCT_EL0,       3, 3, 14,  0, 2) \
    X(CNTP_CTL_EL0,     3, 3, 14,  2, 1) \
    X(CNTP_CVAL_EL0,    3, 3, 14,  2, 2) \
    X(CNTV_CTL_EL0,     3, 3, 14,  3, 1) \
    X(CNTV_CVAL_EL0,    3, 3, 14,  3, 2)
// clang-format on
