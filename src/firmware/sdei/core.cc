// What the calls do to the state.
#include "sdei/core.h"

#include <algorithm>

#include "trapeze/arch/psci.h"
#include "trapeze/base/check.h"

namespace trapeze::firmware::sdei {
namespace {

namespace s = arch::sdei;

// The affinity fields are those that name a PE to PSCI, too.
constexpr u64 affinity_of(u64 mpidr) {
    return mpidr & arch::psci::kTargetMask64;
}

std::vector<u64> affinities(const std::vector<u64>& mpidrs) {
    std::vector<u64> list;
    for (const u64 mpidr : mpidrs) list.push_back(affinity_of(mpidr));
    return list;
}

constexpr s64 x0(Status status) {
    return static_cast<s64>(status);
}

constexpr s64 kInvalid = x0(Status::INVALID_PARAMETERS);
constexpr s64 kDenied = x0(Status::DENIED);

}  // namespace

Core::Core(const SdeiConfig& config, bus::IrqSink& controller, SdeiHost& host)
    : controller_(controller),
      host_(host),
      affinities_(affinities(config.mpidrs)),
      private_wires_(config.private_wires),
      wires_(config.mpidrs.size(), config.shared_wires),
      pes_(config.mpidrs.size()) {
    std::vector<u64> sorted = affinities_;
    std::ranges::sort(sorted);
    CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
}

std::optional<Pe> Core::find_pe(u64 affinity) const {
    const auto at = std::ranges::find(affinities_, affinity_of(affinity));
    if (at == affinities_.end()) return std::nullopt;
    return static_cast<Pe>(at - affinities_.begin());
}

// --- Events ------------------------------------------------------------------------------------------------

s64 Core::event_register(Pe pe, u32 event, u64 entry, u64 argument, u64 flags, u64 affinity) {
    const std::optional<EventId> id = find_event(event);
    const bool relative = s::RegisterFlags::RelativeMode::get(flags) != 0;
    if (!id || (flags & s::RegisterFlags::kReserved) != 0 || !is_entry_point(entry, relative))
        return kInvalid;
    // A private event goes to its PE, whatever the routing mode.
    const bool one_pe = id->shared && s::RegisterFlags::RoutingMode::get(flags) == s::RM_PE;
    std::optional<Pe> target = 0;
    if (one_pe) target = find_pe(affinity);
    if (!target) return kInvalid;

    Handler& h = handler(pe, *id);
    const Transition to = transition(h.state, Op::Register);
    if (to.status != Status::SUCCESS) return x0(to.status);
    if (id->row().bindable) {
        const std::optional<Wire> wire = wires_.bound_to(*id);
        if (!wire || host_.activity(bus::IntId{wire->intid}).active) return kDenied;
    }
    h = {.state = to.next,
         .relative = relative,
         .one_pe = one_pe,
         .target = *target,
         .entry = entry,
         .argument = argument,
         .delivered = h.delivered};
    pass_to_controller(pe, *id, false);
    return x0(Status::SUCCESS);
}

// ENABLE, DISABLE.
s64 Core::change(Pe pe, u32 event, Op op) {
    const std::optional<EventId> id = find_event(event);
    if (!id) return kInvalid;
    Handler& h = handler(pe, *id);
    const Transition to = transition(h.state, op);
    h.state = to.next;
    settle(pe);
    return x0(to.status);
}

s64 Core::event_unregister(Pe pe, u32 event) {
    const std::optional<EventId> id = find_event(event);
    return id ? x0(unregister(pe, *id)) : kInvalid;
}

// What is pending is discarded, and a bound interrupt is the controller's again, even while the handler runs.
Status Core::unregister(Pe pe, EventId event) {
    Handler& h = handler(pe, event);
    const bool was_registered = is_registered(h.state);
    const Transition to = transition(h.state, Op::Unregister);
    h.state = to.next;
    if (was_registered) {
        h.raised = false;
        pass_to_controller(pe, event, true);
    }
    return to.status;
}

s64 Core::event_status(Pe pe, u32 event) const {
    const std::optional<EventId> id = find_event(event);
    return id ? static_cast<s64>(handler(pe, *id).state) : kInvalid;
}

s64 Core::event_get_info(Pe pe, u32 event, u64 info) const {
    const std::optional<EventId> id = find_event(event);
    if (!id) return kInvalid;
    const Handler& h = handler(pe, *id);
    switch (info) {
        case s::EV_TYPE: return id->shared ? 1 : 0;
        case s::EV_SIGNALED: return id->row().signalable ? 0 : 1;
        case s::EV_PRIORITY: return id->row().critical ? 1 : 0;
        case s::EV_ROUTING_MODE:
            if (!id->shared) return kInvalid;
            if (!is_registered(h.state)) return kDenied;
            return static_cast<s64>(h.one_pe ? s::RM_PE : s::RM_ANY);
        case s::EV_ROUTING_AFF:
            if (!id->shared) return kInvalid;
            if (!is_registered(h.state)) return kDenied;
            return h.one_pe ? static_cast<s64>(affinities_[h.target]) : kInvalid;
        default: return kInvalid;
    }
}

s64 Core::event_routing_set(Pe pe, u32 event, u64 mode, u64 affinity) {
    const std::optional<EventId> id = find_event(event);
    if (!id || !id->shared || (mode != s::RM_ANY && mode != s::RM_PE)) return kInvalid;
    if (id->row().bindable && !wires_.bound_to(*id)) return kInvalid;
    std::optional<Pe> target = 0;
    if (mode == s::RM_PE) target = find_pe(affinity);
    if (!target) return kInvalid;

    Handler& h = handler(pe, *id);
    const Transition to = transition(h.state, Op::SetRouting);
    if (to.status != Status::SUCCESS) return x0(to.status);
    h.one_pe = mode == s::RM_PE;
    h.target = *target;
    return x0(Status::SUCCESS);
}

// A PE that has no handler does not notice; one that has it disabled, or masks events, does when it can.
s64 Core::event_signal(u32 event, u64 affinity) {
    const std::optional<EventId> id = find_event(event);
    const std::optional<Pe> target = find_pe(affinity);
    if (!id || !id->row().signalable || !target) return kInvalid;
    Handler& h = handler(*target, *id);
    if (is_registered(h.state)) h.raised = true;
    settle(*target);
    return x0(Status::SUCCESS);
}

// --- Interrupts --------------------------------------------------------------------------------------------

s64 Core::interrupt_bind(u32 intid) {
    const std::optional<Wire> wire = wires_.find(intid);
    if (!wire) return kInvalid;
    if (!wire->shared && !private_wires_) return kDenied;
    if (const std::optional<EventId> bound = wires_.event(*wire)) return bound->row().number;
    const SdeiHost::Activity activity = host_.activity(bus::IntId{intid});
    if (activity.active || activity.pending) return kDenied;

    const std::size_t count = wire->shared ? kSharedEvents.size() : kPrivateEvents.size();
    for (u8 i = 0; i < count; ++i) {
        const EventId id{wire->shared, i};
        if (!id.row().bindable || wires_.bound_to(id)) continue;
        wires_.bind(id, *wire);
        return id.row().number;
    }
    return x0(Status::OUT_OF_RESOURCE);
}

s64 Core::interrupt_release(u32 event) {
    const std::optional<EventId> id = find_event(event);
    if (!id || !id->row().bindable || !wires_.bound_to(*id)) return kInvalid;
    return x0(release(*id));
}

bool Core::is_registered_anywhere(EventId event) const {
    const auto in_use = [](const Handler& h) {
        return transition(h.state, Op::Release).status != Status::SUCCESS;
    };
    if (event.shared) return in_use(shared_[event.index]);
    return std::ranges::any_of(pes_, [&](const PeState& pe) { return in_use(pe.handlers[event.index]); });
}

// Nothing to do if none is bound.
Status Core::release(EventId event) {
    const std::optional<Wire> wire = wires_.bound_to(event);
    if (!wire) return Status::SUCCESS;
    if (is_registered_anywhere(event) || host_.activity(bus::IntId{wire->intid}).active)
        return Status::DENIED;
    wires_.release(event);
    return Status::SUCCESS;
}

// Who gets the interrupt of a registered event; before and afterwards it is an interrupt as any other.
void Core::pass_to_controller(Pe pe, EventId event, bool pass) {
    const std::optional<Wire> wire = wires_.bound_to(event);
    if (wire && wires_.level(*wire, pe)) drive_controller(pe, *wire, pass);
}

void Core::drive_controller(Pe pe, Wire wire, bool level) {
    if (wire.shared) {
        controller_.set_level(bus::IntId{wire.intid}, level);
    } else {
        controller_.set_private_level(pe, bus::IntId{wire.intid}, level);
    }
}

void Core::set_level(Wire wire, Pe pe, bool level) {
    wires_.set_level(wire, pe, level);
    const std::optional<EventId> event = wires_.event(wire);
    if (!event || !is_registered(handler(pe, *event).state)) return drive_controller(pe, wire, level);
    if (level) settle(pe);
}

void Core::pulse(Wire wire) {
    const std::optional<EventId> event = wires_.event(wire);
    if (!event || !is_registered(shared_[event->index].state)) {
        return controller_.pulse(bus::IntId{wire.intid});
    }
    shared_[event->index].raised = true;
    settle_shared();
}

// --- PEs ---------------------------------------------------------------------------------------------------

s64 Core::pe_mask(Pe pe) {
    const bool was_masked = std::exchange(pes_[pe].masked, true);
    // A shared event may have been this PE's to take.
    settle_shared();
    return was_masked ? 0 : 1;
}

s64 Core::pe_unmask(Pe pe) {
    pes_[pe].masked = false;
    settle(pe);
    return x0(Status::SUCCESS);
}

// Each event is unregistered as if the call for it had been made.
s64 Core::private_reset(Pe pe) {
    bool running = false;
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) running |= unregister(pe, {false, i}) == Status::PENDING;
    return running ? kDenied : x0(Status::SUCCESS);
}

s64 Core::shared_reset(Pe pe) {
    bool running = false;
    for (u8 i = 0; i < kSharedEvents.size(); ++i) running |= unregister(pe, {true, i}) == Status::PENDING;
    if (running) return kDenied;
    bool kept = false;
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) kept |= release({false, i}) != Status::SUCCESS;
    for (u8 i = 0; i < kSharedEvents.size(); ++i) kept |= release({true, i}) != Status::SUCCESS;
    return kept ? kDenied : x0(Status::SUCCESS);
}

void Core::reset_pe(Pe pe) {
    PeState& state = pes_[pe];
    while (state.depth > 0) leave(pe);
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) unregister(pe, {false, i});
    state.masked = true;
    settle_shared();
}

void Core::reset() {
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        reset_pe(pe);
        for (Handler& h : pes_[pe].handlers) h.delivered = 0;
    }
    for (u8 i = 0; i < kSharedEvents.size(); ++i) unregister(0, {true, i});
    for (Handler& h : shared_) h = {};
    // Whatever the interrupts do: the controller may be reset after us.
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) wires_.release({false, i});
    for (u8 i = 0; i < kSharedEvents.size(); ++i) wires_.release({true, i});
}

}  // namespace trapeze::firmware::sdei
