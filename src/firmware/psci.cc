#include "trapeze/firmware/psci.h"

#include "trapeze/arch/psci.h"
#include "trapeze/arch/smccc.h"
#include "trapeze/firmware/trace_events.h"
#include "trapeze/trap/call.h"

namespace trapeze::firmware {
namespace {

using arch::psci::Status;
using trap::Outcome;
using trap::result;
namespace p = arch::psci;

Outcome status(Status s) {
    return result(static_cast<s64>(s));
}

template <Outcome (Psci::*Handle)(trap::CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<Psci> psci(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<Psci, Handle, psci_call>(function, arguments, spec);
}

// Optional functions that are not here are NOT_SUPPORTED, and so reported by PSCI_FEATURES: CPU_FREEZE,
// CPU_DEFAULT_SUSPEND, NODE_HW_STATE, SYSTEM_SUSPEND, PSCI_SET_SUSPEND_MODE, PSCI_STAT_*, MEM_PROTECT*, and,
// as there is no Trusted OS, MIGRATE and MIGRATE_INFO_UP_CPU.
constexpr trap::HypercallRow<Psci> kRows[] = {
    psci<&Psci::version>(p::PSCI_VERSION, 0, "DEN0022 PSCI_VERSION"),
    psci<&Psci::cpu_suspend>(p::CPU_SUSPEND, 3, "DEN0022 CPU_SUSPEND"),
    psci<&Psci::cpu_off>(p::CPU_OFF, 0, "DEN0022 CPU_OFF"),
    psci<&Psci::cpu_on>(p::CPU_ON, 3, "DEN0022 CPU_ON"),
    psci<&Psci::affinity_info>(p::AFFINITY_INFO, 2, "DEN0022 AFFINITY_INFO"),
    psci<&Psci::migrate_info_type>(p::MIGRATE_INFO_TYPE, 0, "DEN0022 MIGRATE_INFO_TYPE"),
    psci<&Psci::system_off>(p::SYSTEM_OFF, 0, "DEN0022 SYSTEM_OFF"),
    psci<&Psci::system_reset>(p::SYSTEM_RESET, 0, "DEN0022 SYSTEM_RESET"),
    psci<&Psci::features>(p::PSCI_FEATURES, 1, "DEN0022 PSCI_FEATURES"),
    psci<&Psci::system_reset2>(p::SYSTEM_RESET2, 2, "DEN0022 SYSTEM_RESET2"),
    psci<&Psci::system_off2>(p::SYSTEM_OFF2, 2, "DEN0022 SYSTEM_OFF2"),
    psci<&Psci::cpu_suspend>(p::CPU_SUSPEND_64, 3, "DEN0022 CPU_SUSPEND"),
    psci<&Psci::cpu_on>(p::CPU_ON_64, 3, "DEN0022 CPU_ON"),
    psci<&Psci::affinity_info>(p::AFFINITY_INFO_64, 2, "DEN0022 AFFINITY_INFO"),
    psci<&Psci::system_reset2>(p::SYSTEM_RESET2_64, 2, "DEN0022 SYSTEM_RESET2"),
    psci<&Psci::system_off2>(p::SYSTEM_OFF2_64, 2, "DEN0022 SYSTEM_OFF2"),
};
static_assert(trap::valid_hypercall_table(kRows));

// An affinity argument with bits outside the fields of MPIDR_EL1 names no PE.
bool is_affinity(const trap::HypercallArgs& args, u64 target) {
    const u64 fields = arch::smccc::is_smc64(args.function) ? p::kTargetMask64 : p::kTargetMask32;
    return (target & ~fields) == 0;
}

// W registers are those of 32-bit parameters also in an SMC64 call.
u32 parameter32(u64 x) {
    return static_cast<u32>(x);
}

}  // namespace

std::span<const trap::HypercallRow<Psci>> Psci::table() {
    return kRows;
}

bool Psci::is_entry_point(u64 address) const {
    return address % 4 == 0 && power_.is_executable(address);
}

Outcome Psci::version(trap::CpuPort&, const Args&) {
    return result(p::kVersion1_3);
}

Outcome Psci::features(trap::CpuPort&, const Args& args) {
    const u32 function = parameter32(args.x1);
    const bool asks_for_psci = p::is_psci_function(function);
    if (!asks_for_psci && function != arch::smccc::SMCCC_VERSION) return status(Status::NOT_SUPPORTED);
    if (!calls_.implements(function)) return status(Status::NOT_SUPPORTED);
    switch (function) {
        case p::SYSTEM_OFF2:
        case p::SYSTEM_OFF2_64: return result(p::kHibernateOff);
        // CPU_SUSPEND: original power_state format, platform-coordinated mode only. SYSTEM_RESET2 and the
        // others have no flags.
        default: return result(0);
    }
}

// "A power-down request may be downgraded to standby": every state is a standby state here, left on an
// interrupt even if PSTATE masks it, as WFI is.
Outcome Psci::cpu_suspend(trap::CpuPort&, const Args& args) {
    const u64 state = parameter32(args.x1);
    if ((state & p::PowerState::kReserved) != 0) return status(Status::INVALID_PARAMETERS);
    if (p::PowerState::PowerDown::get(state) != 0 && !is_entry_point(args.x2))
        return status(Status::INVALID_ADDRESS);
    return trap::Block{.deadline_cntvct = {}, .result = result(static_cast<s64>(Status::SUCCESS))};
}

Outcome Psci::cpu_off(trap::CpuPort&, const Args&) {
    return trap::Stop{trap::StopReason::CpuOff};
}

Outcome Psci::cpu_on(trap::CpuPort&, const Args& args) {
    if (!is_affinity(args, args.x1)) return status(Status::INVALID_PARAMETERS);
    if (!is_entry_point(args.x2)) return status(Status::INVALID_ADDRESS);
    switch (power_.cpu_on(args.x1, args.x2, args.x3)) {
        case CpuOnResult::Success: return status(Status::SUCCESS);
        case CpuOnResult::NotFound: return status(Status::INVALID_PARAMETERS);
        case CpuOnResult::AlreadyOn: return status(Status::ALREADY_ON);
        case CpuOnResult::OnPending: return status(Status::ON_PENDING);
        case CpuOnResult::InternalFailure: break;
    }
    return status(Status::INTERNAL_FAILURE);
}

// An affinity instance of level n is every PE whose affinity fields n to 3 are those of the target.
Outcome Psci::affinity_info(trap::CpuPort&, const Args& args) {
    constexpr u64 kLevelMasks[] = {p::kTargetMask64, p::kTargetMask64 & ~mask(7, 0),
                                   p::kTargetMask64 & ~mask(15, 0), p::kTargetMask64 & ~mask(23, 0)};
    const u32 level = parameter32(args.x2);
    if (!is_affinity(args, args.x1) || level >= std::size(kLevelMasks))
        return status(Status::INVALID_PARAMETERS);

    bool found = false, pending = false;
    for (bus::VcpuIndex cpu = 0; cpu < power_.cpu_count(); ++cpu) {
        if (((power_.cpu_affinity(cpu) ^ args.x1) & kLevelMasks[level]) != 0) continue;
        found = true;
        const CpuPower power = power_.cpu_power(cpu);
        if (power == CpuPower::On) return result(static_cast<s64>(p::AffinityState::ON));
        pending |= power == CpuPower::OnPending;
    }
    if (!found) return status(Status::INVALID_PARAMETERS);
    return result(static_cast<s64>(pending ? p::AffinityState::ON_PENDING : p::AffinityState::OFF));
}

Outcome Psci::migrate_info_type(trap::CpuPort&, const Args&) {
    return result(p::kMigrationNotRequired);
}

Outcome Psci::system_off(trap::CpuPort&, const Args&) {
    return trap::Stop{trap::StopReason::PowerOff};
}

// Type 0 was HIBERNATE_OFF in early drafts, and callers of both exist. The second parameter must be zero.
Outcome Psci::system_off2(trap::CpuPort&, const Args& args) {
    const u32 type = parameter32(args.x1);
    if ((type != 0 && type != p::kHibernateOff) || args.x2 != 0) return status(Status::INVALID_PARAMETERS);
    return trap::Stop{trap::StopReason::PowerOff};
}

Outcome Psci::system_reset(trap::CpuPort&, const Args&) {
    return trap::Stop{trap::StopReason::Reset};
}

// The cookie is for vendor-specific resets.
Outcome Psci::system_reset2(trap::CpuPort&, const Args& args) {
    const u32 type = parameter32(args.x1);
    if (p::VendorReset::get(type) != 0) return status(Status::NOT_SUPPORTED);
    if (type != p::kSystemWarmReset) return status(Status::INVALID_PARAMETERS);
    return trap::Stop{trap::StopReason::Reset};
}

}  // namespace trapeze::firmware
