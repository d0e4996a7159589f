// The Arm Architecture Calls of the SMC Calling Convention 1.3 (DEN0028): discovery, and the mitigations that
// a guest can ask its firmware for.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>

#include "trapeze/trap/hypercall_table.h"

namespace trapeze::firmware {

// One per machine, const after construction: safe on all vCPU threads. `calls` is the space that the table is
// added to, and outlives it.
class SmcccArch {
public:
    // The accelerator's pseudo-register KVM_REG_ARM_SMCCC_ARCH_WORKAROUND_n, n = 1 to 3, or nullopt if it has
    // none. Called during construction only.
    using WorkaroundLevel = std::function<std::optional<u64>(unsigned n)>;

    SmcccArch(const WorkaroundLevel& level, const trap::HypercallSpace& calls);
    static std::span<const trap::HypercallRow<SmcccArch>> table();

    using Args = trap::HypercallArgs;
    trap::Outcome version(trap::CpuPort&, const Args&);
    trap::Outcome arch_features(trap::CpuPort&, const Args& args);
    trap::Outcome workaround(trap::CpuPort&, const Args& args);

private:
    const trap::HypercallSpace& calls_;
    std::array<s64, 3> workarounds_;  // [n - 1]: answer of SMCCC_ARCH_FEATURES for SMCCC_ARCH_WORKAROUND_n
};

}  // namespace trapeze::firmware
