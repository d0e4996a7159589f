// The ID registers as ordered field lists (DDI0487 "AArch64 System register descriptions", ID_* and MVFR*):
// most significant field first, as the manual draws them, RES0 gaps included.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "trapeze/arch/sysreg.h"
#include "trapeze/base/bits.h"

namespace trapeze::arch {

// DDI0487 "Principles of the ID scheme for fields in ID registers". In a signed field 0b1111 means that the
// feature is absent and 0b0000 that it is present.
enum class IdFieldSign : u8 { Unsigned, Signed };

struct IdField {
    const char* name;  // nullptr: RES0
    u8 width;
    IdFieldSign sign = IdFieldSign::Unsigned;
};

struct IdRegister {
    SysReg reg;
    std::span<const IdField> fields;
};

// Where a field lies in its register.
struct IdFieldPosition {
    u8 high;
    u8 low;
    constexpr u64 get(u64 value) const { return extract(value, high, low); }
    constexpr u64 set(u64 value, u64 field) const { return deposit(value, high, low, field); }
    constexpr bool operator==(const IdFieldPosition&) const = default;
};

// Every ID register with named fields, in encoding order.
std::span<const IdRegister> id_registers();
// nullptr for an encoding without named fields.
const IdRegister* find_id_register(SysReg reg);

// The encodings that DDI0487 reserves for identification: op0 3, op1 0, CRn 0, CRm 1 to 7. Those without a
// register read as zero ("System register encodings, ID registers").
constexpr bool is_id_space(SysReg reg) {
    return reg.op0() == 3 && reg.op1() == 0 && reg.crn() == 0 && reg.crm() >= 1 && reg.crm() <= 7;
}

namespace id_fields {

inline constexpr IdFieldSign kSigned = IdFieldSign::Signed;

// clang-format off
inline constexpr IdField kIdPfr0[] = {
    {nullptr, 32}, {"RAS", 4}, {"DIT", 4}, {"AMU", 4}, {"CSV2", 4}, {"State3", 4}, {"State2", 4},
    {"State1", 4}, {"State0", 4}};

inline constexpr IdField kIdPfr1[] = {
    {nullptr, 32}, {"GIC", 4}, {"Virt_frac", 4}, {"Sec_frac", 4}, {"GenTimer", 4}, {"Virtualization", 4},
    {"MProgMod", 4}, {"Security", 4}, {"ProgMod", 4}};

inline constexpr IdField kIdDfr0[] = {
    {nullptr, 32}, {"TraceFilt", 4}, {"PerfMon", 4}, {"MProfDbg", 4}, {"MMapTrc", 4}, {"CopTrc", 4},
    {"MMapDbg", 4}, {"CopSDbg", 4}, {"CopDbg", 4}};

inline constexpr IdField kIdAfr0[] = {
    {nullptr, 48}, {"IMPDEF3", 4}, {"IMPDEF2", 4}, {"IMPDEF1", 4}, {"IMPDEF0", 4}};

inline constexpr IdField kIdMmfr0[] = {
    {nullptr, 32}, {"InnerShr", 4}, {"FCSE", 4}, {"AuxReg", 4}, {"TCM", 4}, {"ShareLvl", 4},
    {"OuterShr", 4}, {"PMSA", 4}, {"VMSA", 4}};

inline constexpr IdField kIdMmfr1[] = {
    {nullptr, 32}, {"BPred", 4}, {"L1TstCln", 4}, {"L1Uni", 4}, {"L1Hvd", 4}, {"L1UniSW", 4},
    {"L1HvdSW", 4}, {"L1UniVA", 4}, {"L1HvdVA", 4}};

inline constexpr IdField kIdMmfr2[] = {
    {nullptr, 32}, {"HWAccFlg", 4}, {"WFIStall", 4}, {"MemBarr", 4}, {"UniTLB", 4}, {"HvdTLB", 4},
    {"L1HvdRng", 4}, {"L1HvdBG", 4}, {"L1HvdFG", 4}};

inline constexpr IdField kIdMmfr3[] = {
    {nullptr, 32}, {"Supersec", 4}, {"CMemSz", 4}, {"CohWalk", 4}, {"PAN", 4}, {"MaintBcst", 4},
    {"BPMaint", 4}, {"CMaintSW", 4}, {"CMaintVA", 4}};

inline constexpr IdField kIdIsar0[] = {
    {nullptr, 36}, {"Divide", 4}, {"Debug", 4}, {"Coproc", 4}, {"CmpBranch", 4}, {"BitField", 4},
    {"BitCount", 4}, {"Swap", 4}};

inline constexpr IdField kIdIsar1[] = {
    {nullptr, 32}, {"Jazelle", 4}, {"Interwork", 4}, {"Immediate", 4}, {"IfThen", 4}, {"Extend", 4},
    {"Except_AR", 4}, {"Except", 4}, {"Endian", 4}};

inline constexpr IdField kIdIsar2[] = {
    {nullptr, 32}, {"Reversal", 4}, {"PSR_AR", 4}, {"MultU", 4}, {"MultS", 4}, {"Mult", 4},
    {"MultiAccessInt", 4}, {"MemHint", 4}, {"LoadStore", 4}};

inline constexpr IdField kIdIsar3[] = {
    {nullptr, 32}, {"T32EE", 4}, {"TrueNOP", 4}, {"T32Copy", 4}, {"TabBranch", 4}, {"SynchPrim", 4},
    {"SVC", 4}, {"SIMD", 4}, {"Saturate", 4}};

inline constexpr IdField kIdIsar4[] = {
    {nullptr, 32}, {"SWP_frac", 4}, {"PSR_M", 4}, {"SynchPrim_frac", 4}, {"Barrier", 4}, {"SMC", 4},
    {"Writeback", 4}, {"WithShifts", 4}, {"Unpriv", 4}};

inline constexpr IdField kIdIsar5[] = {
    {nullptr, 32}, {"VCMA", 4}, {"RDM", 4}, {nullptr, 4}, {"CRC32", 4}, {"SHA2", 4}, {"SHA1", 4},
    {"AES", 4}, {"SEVL", 4}};

inline constexpr IdField kIdMmfr4[] = {
    {nullptr, 32}, {"EVT", 4}, {"CCIDX", 4}, {"LSM", 4}, {"HPDS", 4}, {"CnP", 4}, {"XNX", 4}, {"AC2", 4},
    {"SpecSEI", 4}};

inline constexpr IdField kIdIsar6[] = {
    {nullptr, 36}, {"I8MM", 4}, {"BF16", 4}, {"SPECRES", 4}, {"SB", 4}, {"FHM", 4}, {"DP", 4},
    {"JSCVT", 4}};

inline constexpr IdField kMvfr0[] = {
    {nullptr, 32}, {"FPRound", 4}, {"FPShVec", 4}, {"FPSqrt", 4}, {"FPDivide", 4}, {"FPTrap", 4},
    {"FPDP", 4}, {"FPSP", 4}, {"SIMDReg", 4}};

inline constexpr IdField kMvfr1[] = {
    {nullptr, 32}, {"SIMDFMAC", 4}, {"FPHP", 4}, {"SIMDHP", 4}, {"SIMDSP", 4}, {"SIMDInt", 4},
    {"SIMDLS", 4}, {"FPDNaN", 4}, {"FPFtZ", 4}};

inline constexpr IdField kMvfr2[] = {
    {nullptr, 56}, {"FPMisc", 4}, {"SIMDMisc", 4}};

inline constexpr IdField kIdPfr2[] = {
    {nullptr, 52}, {"RAS_frac", 4}, {"SSBS", 4}, {"CSV3", 4}};

inline constexpr IdField kIdDfr1[] = {
    {nullptr, 56}, {"HPMN0", 4}, {"MTPMU", 4}};

inline constexpr IdField kIdMmfr5[] = {
    {nullptr, 56}, {"nTLBPA", 4}, {"ETS", 4}};

inline constexpr IdField kIdAa64Pfr0[] = {
    {"CSV3", 4}, {"CSV2", 4}, {"RME", 4}, {"DIT", 4}, {"AMU", 4}, {"MPAM", 4}, {"SEL2", 4}, {"SVE", 4},
    {"RAS", 4}, {"GIC", 4}, {"AdvSIMD", 4, kSigned}, {"FP", 4, kSigned}, {"EL3", 4}, {"EL2", 4},
    {"EL1", 4}, {"EL0", 4}};

inline constexpr IdField kIdAa64Pfr1[] = {
    {"PFAR", 4}, {"DF2", 4}, {"MTEX", 4}, {"THE", 4}, {"GCS", 4}, {"MTE_frac", 4}, {"NMI", 4},
    {"CSV2_frac", 4}, {"RNDR_trap", 4}, {"SME", 4}, {nullptr, 4}, {"MPAM_frac", 4}, {"RAS_frac", 4},
    {"MTE", 4}, {"SSBS", 4}, {"BT", 4}};

inline constexpr IdField kIdAa64Pfr2[] = {
    {nullptr, 28}, {"FPMR", 4}, {nullptr, 12}, {"UINJ", 4}, {"GCIE", 4}, {"MTEFAR", 4},
    {"MTESTOREONLY", 4}, {"MTEPERM", 4}};

inline constexpr IdField kIdAa64Zfr0[] = {
    {nullptr, 4}, {"F64MM", 4}, {"F32MM", 4}, {nullptr, 4}, {"I8MM", 4}, {"SM4", 4}, {nullptr, 4},
    {"SHA3", 4}, {nullptr, 4}, {"B16B16", 4}, {"BF16", 4}, {"BitPerm", 4}, {nullptr, 8}, {"AES", 4},
    {"SVEver", 4}};

inline constexpr IdField kIdAa64Smfr0[] = {
    {"FA64", 1}, {nullptr, 2}, {"LUTv2", 1}, {"SMEver", 4}, {"I16I64", 4}, {nullptr, 3}, {"F64F64", 1},
    {"I16I32", 4}, {"B16B16", 1}, {"F16F16", 1}, {"F8F16", 1}, {"F8F32", 1}, {"I8I32", 4}, {"F16F32", 1},
    {"B16F32", 1}, {"BI32I32", 1}, {"F32F32", 1}, {nullptr, 1}, {"SF8FMA", 1}, {"SF8DP4", 1},
    {"SF8DP2", 1}, {nullptr, 28}};

inline constexpr IdField kIdAa64Fpfr0[] = {
    {nullptr, 32}, {"F8CVT", 1}, {"F8FMA", 1}, {"F8DP4", 1}, {"F8DP2", 1}, {nullptr, 26}, {"F8E4M3", 1},
    {"F8E5M2", 1}};

inline constexpr IdField kIdAa64Dfr0[] = {
    {"HPMN0", 4}, {"ExtTrcBuff", 4}, {"BRBE", 4}, {"MTPMU", 4}, {"TraceBuffer", 4}, {"TraceFilt", 4},
    {"DoubleLock", 4, kSigned}, {"PMSVer", 4}, {"CTX_CMPs", 4}, {nullptr, 4}, {"WRPs", 4}, {nullptr, 4},
    {"BRPs", 4}, {"PMUVer", 4}, {"TraceVer", 4}, {"DebugVer", 4}};

inline constexpr IdField kIdAa64Dfr1[] = {
    {"ABL_CMPs", 8}, {"DPFZS", 4}, {"EBEP", 4}, {"ITE", 4}, {"ABLE", 4}, {"PMICNTR", 4}, {"SPMU", 4},
    {"CTX_CMPs", 8}, {"WRPs", 8}, {"BRPs", 8}, {"SYSPMUID", 8}};

inline constexpr IdField kIdAa64Afr0[] = {
    {nullptr, 32}, {"IMPDEF7", 4}, {"IMPDEF6", 4}, {"IMPDEF5", 4}, {"IMPDEF4", 4}, {"IMPDEF3", 4},
    {"IMPDEF2", 4}, {"IMPDEF1", 4}, {"IMPDEF0", 4}};

inline constexpr IdField kIdAa64Afr1[] = {
    {nullptr, 64}};

inline constexpr IdField kIdAa64Isar0[] = {
    {"RNDR", 4}, {"TLB", 4}, {"TS", 4}, {"FHM", 4}, {"DP", 4}, {"SM4", 4}, {"SM3", 4}, {"SHA3", 4},
    {"RDM", 4}, {"TME", 4}, {"Atomic", 4}, {"CRC32", 4}, {"SHA2", 4}, {"SHA1", 4}, {"AES", 4},
    {nullptr, 4}};

inline constexpr IdField kIdAa64Isar1[] = {
    {"LS64", 4}, {"XS", 4}, {"I8MM", 4}, {"DGH", 4}, {"BF16", 4}, {"SPECRES", 4}, {"SB", 4},
    {"FRINTTS", 4}, {"GPI", 4}, {"GPA", 4}, {"LRCPC", 4}, {"FCMA", 4}, {"JSCVT", 4}, {"API", 4},
    {"APA", 4}, {"DPB", 4}};

inline constexpr IdField kIdAa64Isar2[] = {
    {"ATS1A", 4}, {"LUT", 4}, {"CSSC", 4}, {"RPRFM", 4}, {nullptr, 4}, {"PRFMSLC", 4},
    {"SYSINSTR_128", 4}, {"SYSREG_128", 4}, {"CLRBHB", 4}, {"PAC_frac", 4}, {"BC", 4}, {"MOPS", 4},
    {"APA3", 4}, {"GPA3", 4}, {"RPRES", 4}, {"WFxT", 4}};

inline constexpr IdField kIdAa64Isar3[] = {
    {nullptr, 32}, {"FPRCVT", 4}, {"LSUI", 4}, {"OCCMO", 4}, {"LSFE", 4}, {"PACM", 4}, {"TLBIW", 4},
    {"FAMINMAX", 4}, {"CPA", 4}};

inline constexpr IdField kIdAa64Mmfr0[] = {
    {"ECV", 4}, {"FGT", 4}, {nullptr, 8}, {"ExS", 4}, {"TGran4_2", 4}, {"TGran64_2", 4}, {"TGran16_2", 4},
    {"TGran4", 4, kSigned}, {"TGran64", 4, kSigned}, {"TGran16", 4}, {"BigEndEL0", 4}, {"SNSMem", 4},
    {"BigEnd", 4}, {"ASIDBits", 4}, {"PARange", 4}};

inline constexpr IdField kIdAa64Mmfr1[] = {
    {"ECBHB", 4}, {"CMOW", 4}, {"TIDCP1", 4}, {"nTLBPA", 4}, {"AFP", 4}, {"HCX", 4}, {"ETS", 4},
    {"TWED", 4}, {"XNX", 4}, {"SpecSEI", 4}, {"PAN", 4}, {"LO", 4}, {"HPDS", 4}, {"VH", 4},
    {"VMIDBits", 4}, {"HAFDBS", 4}};

inline constexpr IdField kIdAa64Mmfr2[] = {
    {"E0PD", 4}, {"EVT", 4}, {"BBM", 4}, {"TTL", 4}, {nullptr, 4}, {"FWB", 4}, {"IDS", 4}, {"AT", 4},
    {"ST", 4}, {"NV", 4}, {"CCIDX", 4}, {"VARange", 4}, {"IESB", 4}, {"LSM", 4}, {"UAO", 4}, {"CnP", 4}};

inline constexpr IdField kIdAa64Mmfr3[] = {
    {"Spec_FPACC", 4}, {"ADERR", 4}, {"SDERR", 4}, {nullptr, 4}, {"ANERR", 4}, {"SNERR", 4},
    {"D128_2", 4}, {"D128", 4}, {"MEC", 4}, {"AIE", 4}, {"S2POE", 4}, {"S1POE", 4}, {"S2PIE", 4},
    {"S1PIE", 4}, {"SCTLRX", 4}, {"TCRX", 4}};

inline constexpr IdField kIdAa64Mmfr4[] = {
    {nullptr, 24}, {"E3DSE", 4}, {nullptr, 8}, {"E2H0", 4, kSigned}, {"NV_frac", 4}, {"FGWTE3", 4},
    {"HACDBS", 4}, {"ASID2", 4}, {"EIESB", 4}, {nullptr, 4}};

inline constexpr IdRegister kRegisters[] = {
    {reg::ID_PFR0_EL1, kIdPfr0},
    {reg::ID_PFR1_EL1, kIdPfr1},
    {reg::ID_DFR0_EL1, kIdDfr0},
    {reg::ID_AFR0_EL1, kIdAfr0},
    {reg::ID_MMFR0_EL1, kIdMmfr0},
    {reg::ID_MMFR1_EL1, kIdMmfr1},
    {reg::ID_MMFR2_EL1, kIdMmfr2},
    {reg::ID_MMFR3_EL1, kIdMmfr3},
    {reg::ID_ISAR0_EL1, kIdIsar0},
    {reg::ID_ISAR1_EL1, kIdIsar1},
    {reg::ID_ISAR2_EL1, kIdIsar2},
    {reg::ID_ISAR3_EL1, kIdIsar3},
    {reg::ID_ISAR4_EL1, kIdIsar4},
    {reg::ID_ISAR5_EL1, kIdIsar5},
    {reg::ID_MMFR4_EL1, kIdMmfr4},
    {reg::ID_ISAR6_EL1, kIdIsar6},
    {reg::MVFR0_EL1, kMvfr0},
    {reg::MVFR1_EL1, kMvfr1},
    {reg::MVFR2_EL1, kMvfr2},
    {reg::ID_PFR2_EL1, kIdPfr2},
    {reg::ID_DFR1_EL1, kIdDfr1},
    {reg::ID_MMFR5_EL1, kIdMmfr5},
    {reg::ID_AA64PFR0_EL1, kIdAa64Pfr0},
    {reg::ID_AA64PFR1_EL1, kIdAa64Pfr1},
    {reg::ID_AA64PFR2_EL1, kIdAa64Pfr2},
    {reg::ID_AA64ZFR0_EL1, kIdAa64Zfr0},
    {reg::ID_AA64SMFR0_EL1, kIdAa64Smfr0},
    {reg::ID_AA64FPFR0_EL1, kIdAa64Fpfr0},
    {reg::ID_AA64DFR0_EL1, kIdAa64Dfr0},
    {reg::ID_AA64DFR1_EL1, kIdAa64Dfr1},
    {reg::ID_AA64AFR0_EL1, kIdAa64Afr0},
    {reg::ID_AA64AFR1_EL1, kIdAa64Afr1},
    {reg::ID_AA64ISAR0_EL1, kIdAa64Isar0},
    {reg::ID_AA64ISAR1_EL1, kIdAa64Isar1},
    {reg::ID_AA64ISAR2_EL1, kIdAa64Isar2},
    {reg::ID_AA64ISAR3_EL1, kIdAa64Isar3},
    {reg::ID_AA64MMFR0_EL1, kIdAa64Mmfr0},
    {reg::ID_AA64MMFR1_EL1, kIdAa64Mmfr1},
    {reg::ID_AA64MMFR2_EL1, kIdAa64Mmfr2},
    {reg::ID_AA64MMFR3_EL1, kIdAa64Mmfr3},
    {reg::ID_AA64MMFR4_EL1, kIdAa64Mmfr4},
};
// clang-format on

constexpr bool widths_are_complete(std::span<const IdRegister> registers) {
    for (const IdRegister& r : registers) {
        unsigned width = 0;
        for (const IdField& field : r.fields) width += field.width;
        if (width != 64) return false;
    }
    return true;
}
static_assert(widths_are_complete(kRegisters), "the fields of every ID register cover 64 bits");

constexpr bool is_sorted_id_space(std::span<const IdRegister> registers) {
    for (std::size_t i = 0; i < registers.size(); ++i) {
        if (!is_id_space(registers[i].reg)) return false;
        if (i > 0 && registers[i - 1].reg >= registers[i].reg) return false;
    }
    return true;
}
static_assert(is_sorted_id_space(kRegisters), "ID registers in encoding order, inside the ID space");

constexpr std::optional<IdFieldPosition> find(SysReg reg, std::string_view name) {
    for (const IdRegister& r : kRegisters) {
        if (r.reg != reg) continue;
        unsigned high = 64;
        for (const IdField& field : r.fields) {
            high -= field.width;
            if (field.name != nullptr && name == field.name)
                return IdFieldPosition{static_cast<u8>(high + field.width - 1), static_cast<u8>(high)};
        }
    }
    return std::nullopt;
}

}  // namespace id_fields

// The position of a field known at compile time; a register or name that does not exist does not compile.
consteval IdFieldPosition id_field(SysReg reg, std::string_view name) {
    return id_fields::find(reg, name).value();
}

}  // namespace trapeze::arch
