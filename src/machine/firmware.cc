#include "firmware.h"

namespace trapeze::machine {

firmware::CpuOnResult CpuPowerControl::cpu_on(u64 affinity, u64 entry, u64 context_id) {
    vcpu::Vcpu* cpu = cpus_.find(affinity);
    if (cpu == nullptr) return firmware::CpuOnResult::NotFound;
    switch (cpu->power_on(entry, context_id)) {
        case vcpu::PowerOnResult::Success: return firmware::CpuOnResult::Success;
        case vcpu::PowerOnResult::AlreadyOn: return firmware::CpuOnResult::AlreadyOn;
        case vcpu::PowerOnResult::OnPending: return firmware::CpuOnResult::OnPending;
    }
    return firmware::CpuOnResult::InternalFailure;
}

firmware::CpuPower CpuPowerControl::cpu_power(bus::VcpuIndex cpu) const {
    switch (cpus_.at(cpu).power_state()) {
        case vcpu::PowerState::Off: return firmware::CpuPower::Off;
        case vcpu::PowerState::OnPending: return firmware::CpuPower::OnPending;
        case vcpu::PowerState::On: return firmware::CpuPower::On;
    }
    return firmware::CpuPower::Off;
}

Firmware::Firmware(const CpuSet& cpus, const mem::GuestMemory& memory,
                   const firmware::SmcccArch::WorkaroundLevel& workarounds)
    : power_(cpus, memory), psci_(power_, calls_), smccc_(workarounds, calls_), trng_(calls_) {
    calls_.add(psci_, firmware::Psci::table());
    calls_.add(smccc_, firmware::SmcccArch::table());
    calls_.add(trng_, firmware::Trng::table());
}

}  // namespace trapeze::machine
