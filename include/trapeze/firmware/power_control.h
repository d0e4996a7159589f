// What PSCI needs from the machine. Implemented by the machine; called on vCPU threads, concurrently.
#pragma once

#include "trapeze/base/types.h"
#include "trapeze/bus/irq.h"

namespace trapeze::firmware {

enum class CpuPower : u8 { Off, OnPending, On };

// NotFound: no vCPU has this affinity.
enum class CpuOnResult : u8 { Success, NotFound, AlreadyOn, OnPending, InternalFailure };

class PowerControl {
public:
    virtual ~PowerControl() = default;

    // Turns on the vCPU whose MPIDR_EL1 affinity fields equal `affinity`, at PC `entry` with X0 `context_id`.
    // Atomic: of all calls for a vCPU that is off, one succeeds; the others see it on, or about to be.
    virtual CpuOnResult cpu_on(u64 affinity, u64 entry, u64 context_id) = 0;

    // The vCPUs, their affinities (const after build) and their power states at the time of the call.
    virtual unsigned cpu_count() const = 0;
    virtual u64 cpu_affinity(bus::VcpuIndex cpu) const = 0;
    virtual CpuPower cpu_power(bus::VcpuIndex cpu) const = 0;

    // Whether a vCPU could fetch instructions from this guest physical address: RAM or flash.
    virtual bool is_executable(u64 address) const = 0;
};

}  // namespace trapeze::firmware
