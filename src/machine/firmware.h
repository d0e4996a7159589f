// The firmware services of the machine and the power states they control.
#pragma once

#include "cpu_set.h"
#include "trapeze/firmware/power_control.h"
#include "trapeze/firmware/psci.h"
#include "trapeze/firmware/smccc.h"
#include "trapeze/firmware/trng.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::machine {

// PSCI's view of the vCPUs.
class CpuPowerControl final : public firmware::PowerControl {
public:
    CpuPowerControl(const CpuSet& cpus, const mem::GuestMemory& memory) : cpus_(cpus), memory_(memory) {}

    firmware::CpuOnResult cpu_on(u64 affinity, u64 entry, u64 context_id) override;
    unsigned cpu_count() const override { return static_cast<unsigned>(cpus_.size()); }
    u64 cpu_affinity(bus::VcpuIndex cpu) const override { return cpus_.mpidr(cpu); }
    firmware::CpuPower cpu_power(bus::VcpuIndex cpu) const override;
    bool is_executable(u64 address) const override { return memory_.contains(mem::Gpa{address}, 4); }

private:
    const CpuSet& cpus_;
    const mem::GuestMemory& memory_;
};

// Every hypercall the machine answers. A new service is a member and a line in the constructor.
class Firmware {
public:
    Firmware(const CpuSet& cpus, const mem::GuestMemory& memory,
             const firmware::SmcccArch::WorkaroundLevel& workarounds);

    // For services of other parts; before the first vCPU runs.
    trap::HypercallSpace& calls() { return calls_; }
    const trap::HypercallSpace& calls() const { return calls_; }

private:
    trap::HypercallSpace calls_;  // const after construction
    CpuPowerControl power_;
    firmware::Psci psci_;
    firmware::SmcccArch smccc_;
    firmware::Trng trng_;
};

}  // namespace trapeze::machine
