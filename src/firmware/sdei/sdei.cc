// The calls as a guest makes them, and the lock.
#include "trapeze/firmware/sdei.h"

#include "sdei/core.h"
#include "trapeze/arch/sdei.h"
#include "trapeze/base/check.h"
#include "trapeze/base/mutex.h"
#include "trapeze/firmware/trace_events.h"
#include "trapeze/trap/call.h"

namespace trapeze::firmware {
namespace {

namespace s = arch::sdei;
using sdei::Core;
using sdei::EventId;
using sdei::Wire;
using sdei::Wires;
using trap::CpuPort;
using trap::Outcome;

// "trpz", in the version that the guest reads.
constexpr u64 kVendor = 0x7472'707a;
constexpr u64 kVersion = s::Version::Major::set(0, 1) | s::Version::Minor::set(0, 1) | kVendor;

// X1 to X3 are zero, which callers can see in what SDEI_EVENT_CONTEXT returns later.
Outcome answer(s64 x0) {
    return trap::CallResult{{static_cast<u64>(x0)}, 4};
}
Outcome answer(s::Status status) {
    return answer(static_cast<s64>(status));
}

// Event numbers and INTIDs are 32 bits wide; what is above them in the register does not count. Negative
// event numbers are not in the tables.
u32 parameter32(u64 x) {
    return static_cast<u32>(x);
}

SdeiContext read_context(CpuPort& cpu) {
    SdeiContext context{.pc = cpu.pc(), .pstate = cpu.pstate().value};
    for (unsigned n = 0; n < context.x.size(); ++n) context.x[n] = cpu.x(n);
    return context;
}

trap::Redirect back_to(const SdeiContext& context) {
    trap::Redirect to{.pc = context.pc, .pstate = context.pstate};
    to.count = static_cast<u8>(context.x.size());
    std::ranges::copy(context.x, to.x.begin());
    return to;
}

}  // namespace

struct Sdei::Impl {
    Impl(const SdeiConfig& config, bus::IrqSink& controller, SdeiHost& host)
        : core(config, controller, host) {}

    using Args = trap::HypercallArgs;
    Outcome version(CpuPort&, const Args&) { return answer(static_cast<s64>(kVersion)); }
    Outcome event_register(CpuPort& cpu, const Args& a) {
        const u64 flags = cpu.x(4), affinity = cpu.x(5);
        LockGuard lock(mutex);
        return answer(core.event_register(cpu.index(), parameter32(a.x1), a.x2, a.x3, flags, affinity));
    }
    Outcome event_enable(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_enable(cpu.index(), parameter32(a.x1)));
    }
    Outcome event_disable(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_disable(cpu.index(), parameter32(a.x1)));
    }
    Outcome event_context(CpuPort& cpu, const Args& a);
    Outcome event_complete(CpuPort& cpu, const Args&);
    Outcome event_complete_and_resume(CpuPort& cpu, const Args& a);
    Outcome event_unregister(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_unregister(cpu.index(), parameter32(a.x1)));
    }
    Outcome event_status(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_status(cpu.index(), parameter32(a.x1)));
    }
    Outcome event_get_info(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_get_info(cpu.index(), parameter32(a.x1), parameter32(a.x2)));
    }
    Outcome event_routing_set(CpuPort& cpu, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_routing_set(cpu.index(), parameter32(a.x1), a.x2, a.x3));
    }
    Outcome pe_mask(CpuPort& cpu, const Args&) {
        LockGuard lock(mutex);
        return answer(core.pe_mask(cpu.index()));
    }
    Outcome pe_unmask(CpuPort& cpu, const Args&) {
        LockGuard lock(mutex);
        return answer(core.pe_unmask(cpu.index()));
    }
    Outcome interrupt_bind(CpuPort&, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.interrupt_bind(parameter32(a.x1)));
    }
    Outcome interrupt_release(CpuPort&, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.interrupt_release(parameter32(a.x1)));
    }
    Outcome event_signal(CpuPort&, const Args& a) {
        LockGuard lock(mutex);
        return answer(core.event_signal(parameter32(a.x1), a.x2));
    }
    Outcome features(CpuPort&, const Args& a);
    Outcome private_reset(CpuPort& cpu, const Args&) {
        LockGuard lock(mutex);
        return answer(core.private_reset(cpu.index()));
    }
    Outcome shared_reset(CpuPort& cpu, const Args&) {
        LockGuard lock(mutex);
        return answer(core.shared_reset(cpu.index()));
    }

    Mutex mutex;
    Core core GUARDED_BY(mutex);
};

// --- The calls ---------------------------------------------------------------------------------------------

namespace {

template <typename Impl, Outcome (Impl::*Handle)(CpuPort&, const trap::HypercallArgs&)>
constexpr trap::HypercallRow<Impl> sdei_row(u32 function, u8 arguments, const char* spec) {
    return trap::call_row<Impl, Handle, sdei_call>(function, arguments, spec);
}

}  // namespace

void Sdei::add_hypercalls(trap::HypercallSpace& space) {
#define ROW(function, handler, arguments) \
    sdei_row<Impl, &Impl::handler>(s::function, arguments, "DEN0054 " #function)
    static constexpr trap::HypercallRow<Impl> kRows[] = {
        ROW(SDEI_VERSION, version, 0),
        ROW(SDEI_EVENT_REGISTER, event_register, 3),
        ROW(SDEI_EVENT_ENABLE, event_enable, 1),
        ROW(SDEI_EVENT_DISABLE, event_disable, 1),
        ROW(SDEI_EVENT_CONTEXT, event_context, 1),
        ROW(SDEI_EVENT_COMPLETE, event_complete, 1),
        ROW(SDEI_EVENT_COMPLETE_AND_RESUME, event_complete_and_resume, 1),
        ROW(SDEI_EVENT_UNREGISTER, event_unregister, 1),
        ROW(SDEI_EVENT_STATUS, event_status, 1),
        ROW(SDEI_EVENT_GET_INFO, event_get_info, 2),
        ROW(SDEI_EVENT_ROUTING_SET, event_routing_set, 3),
        ROW(SDEI_PE_MASK, pe_mask, 0),
        ROW(SDEI_PE_UNMASK, pe_unmask, 0),
        ROW(SDEI_INTERRUPT_BIND, interrupt_bind, 1),
        ROW(SDEI_INTERRUPT_RELEASE, interrupt_release, 1),
        ROW(SDEI_EVENT_SIGNAL, event_signal, 2),
        ROW(SDEI_FEATURES, features, 1),
        ROW(SDEI_PRIVATE_RESET, private_reset, 0),
        ROW(SDEI_SHARED_RESET, shared_reset, 0),
    };
#undef ROW
    static_assert(trap::valid_hypercall_table(kRows));
    space.add(*impl_, std::span(kRows));
}

Outcome Sdei::Impl::event_context(CpuPort& cpu, const Args& a) {
    const u32 n = parameter32(a.x1);
    if (n >= s::kContextRegisters) return answer(s::Status::INVALID_PARAMETERS);
    LockGuard lock(mutex);
    const SdeiContext* context = core.interrupted(cpu.index());
    if (context == nullptr) return answer(s::Status::DENIED);
    return answer(static_cast<s64>(context->x[n]));
}

// The status that the handler returns is for firmware that has something to decide by it.
Outcome Sdei::Impl::event_complete(CpuPort& cpu, const Args&) {
    LockGuard lock(mutex);
    const SdeiContext* context = core.interrupted(cpu.index());
    if (context == nullptr) return answer(s::Status::DENIED);
    const trap::Redirect to = back_to(*context);
    core.complete(cpu.index());
    return to;
}

// As if what was interrupted had taken an exception to this address.
Outcome Sdei::Impl::event_complete_and_resume(CpuPort& cpu, const Args& a) {
    if (a.x1 % 4 != 0) return answer(s::Status::INVALID_PARAMETERS);
    LockGuard lock(mutex);
    const SdeiContext* context = core.interrupted(cpu.index());
    if (context == nullptr) return answer(s::Status::DENIED);
    trap::Redirect to = back_to(*context);
    to.pc = a.x1;
    to.as_exception = true;
    to.exception_return = {{.elr_el1 = context->pc, .spsr_el1 = context->pstate}};
    core.complete(cpu.index());
    return to;
}

Outcome Sdei::Impl::features(CpuPort&, const Args& a) {
    switch (parameter32(a.x1)) {
        case s::BIND_SLOTS:
            return answer(static_cast<s64>(s::BindSlots::Private::set(0, sdei::kPrivateBindSlots) |
                                           s::BindSlots::Shared::set(0, sdei::kSharedBindSlots)));
        case s::RELATIVE_MODE: return answer(1);
        default: return answer(s::Status::INVALID_PARAMETERS);
    }
}

// --- Public face -------------------------------------------------------------------------------------------

Sdei::Sdei(const SdeiConfig& config, bus::IrqSink& controller, SdeiHost& host)
    : impl_(std::make_unique<Impl>(config, controller, host)) {
    CHECK(!config.mpidrs.empty() && config.mpidrs.size() <= 512);
}
Sdei::~Sdei() = default;

// Linux "bindings/arm/firmware/sdei.txt".
void Sdei::describe(bus::FdtWriter& fdt) {
    fdt.begin_node("firmware");
    fdt.begin_node("sdei");
    fdt.property_string("compatible", "arm,sdei-1.0");
    fdt.property_string("method", "hvc");
    fdt.end_node();
    fdt.end_node();
}

// Registers are read without the lock, and only if there is a reason to.
std::optional<trap::Redirect> Sdei::take_event(CpuPort& cpu) {
    std::optional<EventId> event;
    {
        LockGuard lock(impl_->mutex);
        event = impl_->core.take(cpu.index());
    }
    if (!event) return std::nullopt;
    const SdeiContext interrupted = read_context(cpu);
    std::optional<sdei::Dispatch> dispatch;
    {
        LockGuard lock(impl_->mutex);
        dispatch = impl_->core.dispatch(cpu.index(), *event, interrupted);
    }
    if (!dispatch) return std::nullopt;
    TRACE(sdei_event, "{}: event {:#x} interrupts {:#x}, PSTATE {:#x}", cpu.index(), dispatch->event,
          interrupted.pc, interrupted.pstate);
    const u64 base = dispatch->relative ? cpu.sysreg(arch::reg::VBAR_EL1) : 0;
    trap::Redirect to{.pc = base + dispatch->entry, .pstate = interrupted.pstate, .as_exception = true};
    to.x[0] = dispatch->event;
    to.x[1] = dispatch->argument;
    to.x[2] = interrupted.pc;
    to.x[3] = interrupted.pstate;
    to.count = 4;
    return to;
}

void Sdei::reset() {
    LockGuard lock(impl_->mutex);
    impl_->core.reset();
}

void Sdei::reset_pe(bus::VcpuIndex vcpu) {
    LockGuard lock(impl_->mutex);
    CHECK(vcpu < impl_->core.pe_count());
    impl_->core.reset_pe(vcpu);
}

bool Sdei::is_shared(u32 event) {
    const std::optional<EventId> id = sdei::find_event(event);
    return id && id->shared;
}

Result<std::string> Sdei::inject(u32 event, bus::VcpuIndex vcpu) {
    LockGuard lock(impl_->mutex);
    CHECK(vcpu < impl_->core.pe_count());
    return impl_->core.inject(event, vcpu);
}

Result<> Sdei::inject_nmi() {
    LockGuard lock(impl_->mutex);
    return impl_->core.inject_nmi();
}

std::string Sdei::describe_state() const {
    LockGuard lock(impl_->mutex);
    return impl_->core.describe();
}

SdeiSnapshot Sdei::save() const {
    LockGuard lock(impl_->mutex);
    return impl_->core.save();
}

Result<> Sdei::restore(const SdeiSnapshot& snapshot) {
    LockGuard lock(impl_->mutex);
    return impl_->core.restore(snapshot);
}

void Sdei::set_level(bus::IntId id, bool level) {
    LockGuard lock(impl_->mutex);
    const std::optional<Wire> wire = impl_->core.wires().find(to_number(id));
    CHECK(wire && wire->shared);
    impl_->core.set_level(*wire, 0, level);
}

void Sdei::pulse(bus::IntId id) {
    LockGuard lock(impl_->mutex);
    const std::optional<Wire> wire = impl_->core.wires().find(to_number(id));
    CHECK(wire && wire->shared);
    impl_->core.pulse(*wire);
}

void Sdei::set_private_level(bus::VcpuIndex vcpu, bus::IntId id, bool level) {
    LockGuard lock(impl_->mutex);
    const std::optional<Wire> wire = impl_->core.wires().find(to_number(id));
    CHECK(wire && !wire->shared && vcpu < impl_->core.pe_count());
    impl_->core.set_level(*wire, vcpu, level);
}

}  // namespace trapeze::firmware
