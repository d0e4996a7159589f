#include "rvic/calls.h"

#include "rvic/trace.h"
#include "trapeze/arch/rvic.h"
#include "trapeze/trap/call.h"

namespace trapeze::irqchip::rvic {
namespace {

using arch::rvic::Reason;
using trap::CpuPort;
using trap::Outcome;
namespace r = arch::rvic;

Outcome success(u64 value = 0) {
    return trap::CallResult{{r::status(Reason::SUCCESS), value}, 4};
}

// `index` is the position of the argument to blame, from 0: X1.
Outcome failure(Reason reason, unsigned index = 0) {
    return trap::CallResult{{r::status(reason, index)}, 4};
}

// INTIDs are 32 bits wide; what is above them in the register does not count.
u32 to_intid(u64 argument) {
    return static_cast<u32>(argument);
}

template <Outcome (Calls::*Handle)(CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<Calls> rvic(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<Calls, Handle, trace::rvic_call>(function, arguments, spec);
}
template <Outcome (Calls::*Handle)(CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<Calls> rvid(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<Calls, Handle, trace::rvid_call>(function, arguments, spec);
}

constexpr trap::HypercallRow<Calls> kRows[] = {
    rvid<&Calls::version>(r::RVID_VERSION, 0, "DEN0103 RVID_VERSION"),
    rvid<&Calls::map>(r::RVID_MAP, 3, "DEN0103 RVID_MAP"),
    rvid<&Calls::unmap>(r::RVID_UNMAP, 1, "DEN0103 RVID_UNMAP"),
    rvic<&Calls::version>(r::RVIC_VERSION, 0, "DEN0103 RVIC_VERSION"),
    rvic<&Calls::info>(r::RVIC_INFO, 1, "DEN0103 RVIC_INFO"),
    rvic<&Calls::enable>(r::RVIC_ENABLE, 0, "DEN0103 RVIC_ENABLE"),
    rvic<&Calls::disable>(r::RVIC_DISABLE, 0, "DEN0103 RVIC_DISABLE"),
    rvic<&Calls::set_masked>(r::RVIC_SET_MASKED, 2, "DEN0103 RVIC_SET_MASKED"),
    rvic<&Calls::clear_masked>(r::RVIC_CLEAR_MASKED, 2, "DEN0103 RVIC_CLEAR_MASKED"),
    rvic<&Calls::is_pending>(r::RVIC_IS_PENDING, 2, "DEN0103 RVIC_IS_PENDING"),
    rvic<&Calls::signal>(r::RVIC_SIGNAL, 2, "DEN0103 RVIC_SIGNAL"),
    rvic<&Calls::clear_pending>(r::RVIC_CLEAR_PENDING, 2, "DEN0103 RVIC_CLEAR_PENDING"),
    rvic<&Calls::acknowledge>(r::RVIC_ACKNOWLEDGE, 0, "DEN0103 RVIC_ACKNOWLEDGE"),
    rvic<&Calls::resample>(r::RVIC_RESAMPLE, 1, "DEN0103 RVIC_RESAMPLE"),
};
static_assert(trap::valid_hypercall_table(kRows));
static_assert(std::size(kRows) == r::kFunctionRanges[0].count + r::kFunctionRanges[1].count);

}  // namespace

std::span<const trap::HypercallRow<Calls>> Calls::rows() {
    return kRows;
}

Outcome Calls::version(CpuPort&, const Args&) {
    return success(r::kVersion0_3);
}

// --- rVID --------------------------------------------------------------------------------------------------

// A bad MPIDR is a parameter error here, not INVALID_CPU as in the rVIC's calls: so it is in the other
// implementation that reports version 0.3.
Outcome Calls::map(CpuPort&, const Args& args) {
    auto core = shared_.begin();
    if (args.x1 >= core->input_count()) return failure(Reason::ERROR_PARAMETER, 0);
    const auto vcpu = core->affinities().find(to_affinity(args.x2));
    if (!vcpu) return failure(Reason::ERROR_PARAMETER, 1);
    const u32 intid = to_intid(args.x3);
    if (intid < core->trusted_count() || intid >= core->intid_count())
        return failure(Reason::ERROR_PARAMETER, 2);
    core->map(static_cast<u32>(args.x1), {*vcpu, intid});
    return success();
}

Outcome Calls::unmap(CpuPort&, const Args& args) {
    auto core = shared_.begin();
    if (args.x1 >= core->input_count()) return failure(Reason::ERROR_PARAMETER, 0);
    core->unmap(static_cast<u32>(args.x1));
    return success();
}

// --- rVIC: the caller's own --------------------------------------------------------------------------------

Outcome Calls::info(CpuPort&, const Args& args) {
    auto core = shared_.begin();
    switch (args.x1) {
        case r::kInfoTrusted: return success(core->trusted_count());
        case r::kInfoUntrusted: return success(core->intid_count() - core->trusted_count());
        default: return failure(Reason::ERROR_PARAMETER, 0);
    }
}

Outcome Calls::enable(CpuPort& cpu, const Args&) {
    shared_.begin()->rvic(cpu.index()).enable();
    return success();
}

Outcome Calls::disable(CpuPort& cpu, const Args&) {
    shared_.begin()->rvic(cpu.index()).disable();
    return success();
}

Outcome Calls::acknowledge(CpuPort& cpu, const Args&) {
    auto core = shared_.begin();
    Instance& own = core->rvic(cpu.index());
    if (!own.enabled()) return failure(Reason::DISABLED);
    const std::optional<u32> intid = own.acknowledge();
    return intid ? success(*intid) : failure(Reason::NO_INTERRUPTS);
}

Outcome Calls::resample(CpuPort& cpu, const Args& args) {
    auto core = shared_.begin();
    const u32 intid = to_intid(args.x1);
    if (intid >= core->trusted_count()) return failure(Reason::ERROR_PARAMETER, 0);
    core->rvic(cpu.index()).resample(intid);
    return success();
}

// --- rVIC: any vCPU's --------------------------------------------------------------------------------------

// X1 is the MPIDR of the vCPU, X2 the INTID. Only SIGNAL minds whether that rVIC is enabled.
template <typename Operation>
Outcome Calls::on_target(const Args& args, Operation operation) {
    auto core = shared_.begin();
    const auto vcpu = core->affinities().find(to_affinity(args.x1));
    if (!vcpu) return failure(Reason::INVALID_CPU, 0);
    const u32 intid = to_intid(args.x2);
    if (intid >= core->intid_count()) return failure(Reason::ERROR_PARAMETER, 1);
    return operation(core->rvic(*vcpu), intid);
}

Outcome Calls::set_masked(CpuPort&, const Args& args) {
    return on_target(args, [](Instance& target, u32 intid) {
        target.set_masked(intid);
        return success();
    });
}

Outcome Calls::clear_masked(CpuPort&, const Args& args) {
    return on_target(args, [](Instance& target, u32 intid) {
        target.clear_masked(intid);
        return success();
    });
}

Outcome Calls::is_pending(CpuPort&, const Args& args) {
    return on_target(args,
                     [](Instance& target, u32 intid) { return success(target.irq(intid).pending ? 1 : 0); });
}

Outcome Calls::signal(CpuPort&, const Args& args) {
    return on_target(args, [](Instance& target, u32 intid) {
        if (!target.enabled()) return failure(Reason::DISABLED);
        target.set_pending(intid);
        return success();
    });
}

Outcome Calls::clear_pending(CpuPort&, const Args& args) {
    return on_target(args, [](Instance& target, u32 intid) {
        target.clear_pending(intid);
        return success();
    });
}

}  // namespace trapeze::irqchip::rvic
