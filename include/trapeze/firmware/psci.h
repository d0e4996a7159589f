// Power State Coordination Interface 1.3 (DEN0022 F.b) for an operating system at EL1, by HVC and SMC alike.
#pragma once

#include <span>

#include "trapeze/firmware/power_control.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::firmware {

// One per machine, without mutable state: safe on all vCPU threads. `power` and `calls` outlive it; `calls`
// is the space that the table is added to, and answers PSCI_FEATURES.
class Psci {
public:
    Psci(PowerControl& power, const trap::HypercallSpace& calls) : power_(power), calls_(calls) {}
    static std::span<const trap::HypercallRow<Psci>> table();

    using Args = trap::HypercallArgs;
    trap::Outcome version(trap::CpuPort&, const Args&);
    trap::Outcome features(trap::CpuPort&, const Args& args);
    trap::Outcome cpu_suspend(trap::CpuPort&, const Args& args);
    trap::Outcome cpu_off(trap::CpuPort&, const Args&);
    trap::Outcome cpu_on(trap::CpuPort&, const Args& args);
    trap::Outcome affinity_info(trap::CpuPort&, const Args& args);
    trap::Outcome migrate_info_type(trap::CpuPort&, const Args&);
    trap::Outcome system_off(trap::CpuPort&, const Args&);
    trap::Outcome system_off2(trap::CpuPort&, const Args& args);
    trap::Outcome system_reset(trap::CpuPort&, const Args&);
    trap::Outcome system_reset2(trap::CpuPort&, const Args& args);

private:
    bool is_entry_point(u64 address) const;

    PowerControl& power_;
    const trap::HypercallSpace& calls_;
};

}  // namespace trapeze::firmware
