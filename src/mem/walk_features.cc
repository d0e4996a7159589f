#include <algorithm>
#include <tuple>
#include <utility>

#include "trapeze/arch/id_registers.h"
#include "trapeze/arch/translation.h"
#include "trapeze/mem/mmu_features.h"

namespace trapeze::mem {
namespace {

namespace reg = arch::reg;
using arch::id_field;

constexpr auto kPaRange = id_field(reg::ID_AA64MMFR0_EL1, "PARange");
constexpr auto kBigEnd = id_field(reg::ID_AA64MMFR0_EL1, "BigEnd");
constexpr auto kTGran4 = id_field(reg::ID_AA64MMFR0_EL1, "TGran4");
constexpr auto kTGran16 = id_field(reg::ID_AA64MMFR0_EL1, "TGran16");
constexpr auto kTGran64 = id_field(reg::ID_AA64MMFR0_EL1, "TGran64");
constexpr auto kTGran42 = id_field(reg::ID_AA64MMFR0_EL1, "TGran4_2");
constexpr auto kTGran162 = id_field(reg::ID_AA64MMFR0_EL1, "TGran16_2");
constexpr auto kTGran642 = id_field(reg::ID_AA64MMFR0_EL1, "TGran64_2");
constexpr auto kHafdbs = id_field(reg::ID_AA64MMFR1_EL1, "HAFDBS");
constexpr auto kHpds = id_field(reg::ID_AA64MMFR1_EL1, "HPDS");
constexpr auto kPan = id_field(reg::ID_AA64MMFR1_EL1, "PAN");
constexpr auto kVh = id_field(reg::ID_AA64MMFR1_EL1, "VH");
constexpr auto kXnx = id_field(reg::ID_AA64MMFR1_EL1, "XNX");
constexpr auto kHcx = id_field(reg::ID_AA64MMFR1_EL1, "HCX");
constexpr auto kVaRange = id_field(reg::ID_AA64MMFR2_EL1, "VARange");
constexpr auto kSt = id_field(reg::ID_AA64MMFR2_EL1, "ST");
constexpr auto kNv = id_field(reg::ID_AA64MMFR2_EL1, "NV");
constexpr auto kFwb = id_field(reg::ID_AA64MMFR2_EL1, "FWB");
constexpr auto kE0pd = id_field(reg::ID_AA64MMFR2_EL1, "E0PD");
constexpr auto kTcrx = id_field(reg::ID_AA64MMFR3_EL1, "TCRX");
constexpr auto kS1pie = id_field(reg::ID_AA64MMFR3_EL1, "S1PIE");
constexpr auto kS1poe = id_field(reg::ID_AA64MMFR3_EL1, "S1POE");
constexpr auto kAie = id_field(reg::ID_AA64MMFR3_EL1, "AIE");
constexpr auto kE2h0 = id_field(reg::ID_AA64MMFR4_EL1, "E2H0");
constexpr auto kXs = id_field(reg::ID_AA64ISAR1_EL1, "XS");
constexpr auto kAts1a = id_field(reg::ID_AA64ISAR2_EL1, "ATS1A");
constexpr auto kApa = id_field(reg::ID_AA64ISAR1_EL1, "APA");
constexpr auto kApi = id_field(reg::ID_AA64ISAR1_EL1, "API");
constexpr auto kApa3 = id_field(reg::ID_AA64ISAR2_EL1, "APA3");
constexpr auto kEl2 = id_field(reg::ID_AA64PFR0_EL1, "EL2");
constexpr auto kMte = id_field(reg::ID_AA64PFR1_EL1, "MTE");
constexpr auto kMtePerm = id_field(reg::ID_AA64PFR2_EL1, "MTEPERM");
constexpr auto kMtex = id_field(reg::ID_AA64PFR1_EL1, "MTEX");

constexpr unsigned kMostPaBits = 52;
// TGran4 and TGran64 are signed fields, TGran16 is not.
constexpr u64 kGranuleAbsent = 0b1111;

// TGran4_2, TGran16_2 and TGran64_2.
enum class Stage2Granule : u8 { AsStage1 = 0, Absent = 1, Present = 2, PresentLpa2 = 3 };

// The granule at stage 2: present, and with 52-bit addresses. Larger values than the manual allocates mean
// the largest.
std::pair<bool, bool> stage2_granule(u64 field, bool stage1, bool stage1_lpa2) {
    if (field == static_cast<u64>(Stage2Granule::AsStage1)) return {stage1, stage1_lpa2};
    return {field >= static_cast<u64>(Stage2Granule::Present),
            field >= static_cast<u64>(Stage2Granule::PresentLpa2)};
}

void add_el2_features(MmuFeatures& f, const MmuIdRegisters& id) {
    const u64 mmfr0 = id.ID_AA64MMFR0_EL1;
    const u64 mmfr1 = id.ID_AA64MMFR1_EL1;
    f.el2 = kEl2.get(id.ID_AA64PFR0_EL1) != 0;
    f.vhe = kVh.get(mmfr1) != 0;
    f.e2h0 = kE2h0.get(id.ID_AA64MMFR4_EL1) == 0;
    f.hcx = kHcx.get(mmfr1) != 0;
    f.nv = kNv.get(id.ID_AA64MMFR2_EL1) != 0;
    f.fwb = kFwb.get(id.ID_AA64MMFR2_EL1) != 0;
    f.xnx = kXnx.get(mmfr1) != 0;
    std::tie(f.s2_gran4k, f.s2_lpa2_4k) = stage2_granule(kTGran42.get(mmfr0), f.gran4k, f.lpa2_4k);
    std::tie(f.s2_gran16k, f.s2_lpa2_16k) = stage2_granule(kTGran162.get(mmfr0), f.gran16k, f.lpa2_16k);
    f.s2_gran64k = stage2_granule(kTGran642.get(mmfr0), f.gran64k, false).first;
}

}  // namespace

MmuFeatures MmuFeatures::from(const MmuIdRegisters& id) {
    const u64 mmfr0 = id.ID_AA64MMFR0_EL1;
    const u64 mmfr1 = id.ID_AA64MMFR1_EL1;
    const u64 mmfr2 = id.ID_AA64MMFR2_EL1;
    const u64 mmfr3 = id.ID_AA64MMFR3_EL1;
    MmuFeatures f;
    f.pa_bits = std::min(arch::physical_address_bits(kPaRange.get(mmfr0)), kMostPaBits);
    f.gran4k = kTGran4.get(mmfr0) != kGranuleAbsent;
    f.gran16k = kTGran16.get(mmfr0) != 0;
    f.gran64k = kTGran64.get(mmfr0) != kGranuleAbsent;
    f.lpa2_4k = kTGran4.get(mmfr0) == 1;
    f.lpa2_16k = kTGran16.get(mmfr0) == 2;
    f.lva = kVaRange.get(mmfr2) != 0;
    f.mixed_endian = kBigEnd.get(mmfr0) != 0;
    f.haf = kHafdbs.get(mmfr1) >= 1;
    f.hdbs = kHafdbs.get(mmfr1) >= 2;
    f.hpds = kHpds.get(mmfr1) != 0;
    f.pan = kPan.get(mmfr1) != 0;
    f.pan2 = kPan.get(mmfr1) >= 2;
    f.pan3 = kPan.get(mmfr1) >= 3;
    f.e0pd = kE0pd.get(mmfr2) != 0;
    f.ttst = kSt.get(mmfr2) != 0;
    f.tcr2 = kTcrx.get(mmfr3) != 0;
    f.s1pie = kS1pie.get(mmfr3) != 0;
    f.s1poe = kS1poe.get(mmfr3) != 0;
    f.aie = kAie.get(mmfr3) != 0;
    f.pauth = kApa.get(id.ID_AA64ISAR1_EL1) != 0 || kApi.get(id.ID_AA64ISAR1_EL1) != 0 ||
              kApa3.get(id.ID_AA64ISAR2_EL1) != 0;
    f.mte2 = kMte.get(id.ID_AA64PFR1_EL1) >= 2;
    f.mte_perm = kMtePerm.get(id.ID_AA64PFR2_EL1) != 0;
    f.mtx = kMtex.get(id.ID_AA64PFR1_EL1) != 0;
    f.xs = kXs.get(id.ID_AA64ISAR1_EL1) != 0;
    f.ats1a = kAts1a.get(id.ID_AA64ISAR2_EL1) != 0;
    add_el2_features(f, id);
    return f;
}

}  // namespace trapeze::mem
