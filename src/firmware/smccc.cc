#include "trapeze/firmware/smccc.h"

#include "trapeze/arch/smccc.h"
#include "trapeze/firmware/trace_events.h"
#include "trapeze/trap/call.h"

namespace trapeze::firmware {
namespace {

using trap::Outcome;
using trap::result;
namespace s = arch::smccc;

constexpr s64 kVersion1_3 = 0x1'0003;  // major in [30:16], minor in [15:0]

template <Outcome (SmcccArch::*Handle)(trap::CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<SmcccArch> arch_call(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<SmcccArch, Handle, smccc_call>(function, arguments, spec);
}

using Arch = SmcccArch;
constexpr trap::HypercallRow<Arch> kRows[] = {
    arch_call<&Arch::version>(s::SMCCC_VERSION, 0, "DEN0028 SMCCC_VERSION"),
    arch_call<&Arch::arch_features>(s::SMCCC_ARCH_FEATURES, 1, "DEN0028 SMCCC_ARCH_FEATURES"),
    arch_call<&Arch::workaround>(s::SMCCC_ARCH_WORKAROUND_3, 0, "DEN0028 SMCCC_ARCH_WORKAROUND_3"),
    arch_call<&Arch::workaround>(s::SMCCC_ARCH_WORKAROUND_2, 1, "DEN0028 SMCCC_ARCH_WORKAROUND_2"),
    arch_call<&Arch::workaround>(s::SMCCC_ARCH_WORKAROUND_1, 0, "DEN0028 SMCCC_ARCH_WORKAROUND_1"),
};
static_assert(trap::valid_hypercall_table(kRows));

// 1 to 3 for SMCCC_ARCH_WORKAROUND_n, else 0.
unsigned workaround_number(u32 function) {
    switch (function) {
        case s::SMCCC_ARCH_WORKAROUND_1: return 1;
        case s::SMCCC_ARCH_WORKAROUND_2: return 2;
        case s::SMCCC_ARCH_WORKAROUND_3: return 3;
        default: return 0;
    }
}

// The answer of SMCCC_ARCH_FEATURES for a level that the accelerator reports (Linux, KVM/arm64 "ARM firmware
// pseudo-registers interface"). _1 and _3 number their levels alike, _2 does not.
s64 answer_1_and_3(u64 level) {
    constexpr u64 kAvailable = 1, kNotRequired = 2;
    switch (level) {
        case kAvailable: return s::SMCCC_SUCCESS;
        case kNotRequired: return s::kWorkaroundNotNeededHere;
        default: return s::SMCCC_NOT_SUPPORTED;
    }
}

// Level 2 is a mitigation that the guest may turn off and on. Only the kernel could do that, and one that
// forwards calls does not offer it.
s64 answer_2(u64 level) {
    using Level = Field<3, 0>;  // above it: KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_2_ENABLED
    constexpr u64 kNotRequired = 3;
    return Level::get(level) == kNotRequired ? s::SMCCC_NOT_REQUIRED : s::SMCCC_NOT_SUPPORTED;
}

}  // namespace

SmcccArch::SmcccArch(const WorkaroundLevel& level, const trap::HypercallSpace& calls)
    : calls_(calls),
      workarounds_{answer_1_and_3(level(1).value_or(0)), answer_2(level(2).value_or(0)),
                   answer_1_and_3(level(3).value_or(0))} {}

std::span<const trap::HypercallRow<SmcccArch>> SmcccArch::table() {
    return kRows;
}

Outcome SmcccArch::version(trap::CpuPort&, const Args&) {
    return result(kVersion1_3);
}

// Discovery of the architecture's own and of standard hypervisor calls; other owners have calls of their own
// for that.
Outcome SmcccArch::arch_features(trap::CpuPort&, const Args& args) {
    const u32 function = static_cast<u32>(args.x1);
    if (const unsigned n = workaround_number(function)) return result(workarounds_[n - 1]);
    const s::Owner owner = s::owner(function);
    const bool in_scope =
        s::is_fast(function) && (owner == s::Owner::ArmArchitecture || owner == s::Owner::StandardHypervisor);
    return result(in_scope && calls_.implements(function) ? s::SMCCC_SUCCESS : s::SMCCC_NOT_SUPPORTED);
}

// _1 and _3: the host invalidates its branch predictor whenever a vCPU exits, so arriving here is the
// mitigation. (By HVC, the kernel answers them before they can arrive.) _2 is never switched, see answer_2.
Outcome SmcccArch::workaround(trap::CpuPort&, const Args& args) {
    const s64 answer = workarounds_[workaround_number(args.function) - 1];
    return result(answer >= 0 ? s::SMCCC_SUCCESS : s::SMCCC_NOT_SUPPORTED);
}

}  // namespace trapeze::firmware
