// The hypercalls of rVIC and rVID (DEN0103).
#pragma once

#include <span>

#include "rvic/core.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::irqchip::rvic {

// Called on the thread of the calling vCPU; the state is in the shared core.
class Calls {
public:
    explicit Calls(SharedCore& shared) : shared_(shared) {}

    static std::span<const trap::HypercallRow<Calls>> rows();

    using Args = trap::HypercallArgs;
    trap::Outcome version(trap::CpuPort&, const Args&);
    trap::Outcome map(trap::CpuPort&, const Args& args);
    trap::Outcome unmap(trap::CpuPort&, const Args& args);

    trap::Outcome info(trap::CpuPort&, const Args& args);
    trap::Outcome enable(trap::CpuPort& cpu, const Args&);
    trap::Outcome disable(trap::CpuPort& cpu, const Args&);
    trap::Outcome set_masked(trap::CpuPort&, const Args& args);
    trap::Outcome clear_masked(trap::CpuPort&, const Args& args);
    trap::Outcome is_pending(trap::CpuPort&, const Args& args);
    trap::Outcome signal(trap::CpuPort&, const Args& args);
    trap::Outcome clear_pending(trap::CpuPort&, const Args& args);
    trap::Outcome acknowledge(trap::CpuPort& cpu, const Args&);
    trap::Outcome resample(trap::CpuPort& cpu, const Args& args);

private:
    template <typename Operation>
    trap::Outcome on_target(const Args& args, Operation operation);

    SharedCore& shared_;
};

}  // namespace trapeze::irqchip::rvic
