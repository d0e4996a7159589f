// Which event a PE is to handle, and when (DEN0054C "Event handling").
#include <fmt/core.h>

#include "sdei/core.h"
#include "trapeze/base/check.h"

namespace trapeze::firmware::sdei {

// An interrupt that stays up is delivered again when its handler has completed.
bool Core::is_pending(Pe pe, EventId event) const {
    const Handler& h = handler(pe, event);
    if (!is_registered(h.state)) return false;
    if (h.raised) return true;
    const std::optional<Wire> wire = wires_.bound_to(event);
    return wire && wires_.level(*wire, pe);
}

// Whether events of this priority can interrupt what the PE does now.
bool Core::can_take(Pe pe, bool critical) const {
    const PeState& state = pes_[pe];
    if (state.masked) return false;
    if (state.depth == 0) return true;
    return critical && !state.running[state.depth - 1u].event.row().critical;
}

// The PE that a shared event goes to. RM_ANY: the first that can take it.
std::optional<Pe> Core::target(EventId event) const {
    const Handler& h = shared_[event.index];
    const bool critical = event.row().critical;
    if (h.one_pe) return can_take(h.target, critical) ? std::optional(h.target) : std::nullopt;
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        if (can_take(pe, critical)) return pe;
    }
    return std::nullopt;
}

// Nothing is missing but a PE that can take it.
bool Core::waits_for_pe(Pe pe, EventId event) const {
    return transition(handler(pe, event).state, Op::Dispatch).status == Status::SUCCESS &&
           is_pending(pe, event);
}

bool Core::is_due(Pe pe, EventId event) const {
    if (!waits_for_pe(pe, event)) return false;
    return event.shared ? target(event) == pe : can_take(pe, event.row().critical);
}

// Critical events first, then in the order of the tables.
std::optional<EventId> Core::next(Pe pe) const {
    for (const bool critical : {true, false}) {
        if (!can_take(pe, critical)) continue;
        for (u8 i = 0; i < kPrivateEvents.size(); ++i) {
            if (kPrivateEvents[i].critical == critical && is_due(pe, {false, i})) return EventId{false, i};
        }
        for (u8 i = 0; i < kSharedEvents.size(); ++i) {
            if (kSharedEvents[i].critical == critical && is_due(pe, {true, i})) return EventId{true, i};
        }
    }
    return std::nullopt;
}

void Core::post(Pe pe) {
    if (std::exchange(pes_[pe].posted, true)) return;
    host_.post_event(pe);
}

// After anything that can make an event due. Of private events, only those of `pe` can be affected.
void Core::settle(Pe pe) {
    if (next(pe)) post(pe);
    settle_shared();
}

void Core::settle_shared() {
    for (u8 i = 0; i < kSharedEvents.size(); ++i) {
        const EventId event{true, i};
        if (!waits_for_pe(0, event)) continue;
        if (const std::optional<Pe> pe = target(event)) post(*pe);
    }
}

std::optional<EventId> Core::take(Pe pe) {
    pes_[pe].posted = false;
    return next(pe);
}

std::optional<Dispatch> Core::dispatch(Pe pe, EventId event, const SdeiContext& interrupted) {
    if (!is_due(pe, event)) {
        settle(pe);
        return std::nullopt;
    }
    PeState& state = pes_[pe];
    CHECK(state.depth < kMaxNesting);
    Handler& h = handler(pe, event);
    h.state = transition(h.state, Op::Dispatch).next;
    h.raised = false;
    ++h.delivered;
    state.running[state.depth++] = {event, interrupted};
    settle(pe);
    return Dispatch{event.row().number, h.entry, h.relative, h.argument};
}

const SdeiContext* Core::interrupted(Pe pe) const {
    const PeState& state = pes_[pe];
    return state.depth > 0 ? &state.running[state.depth - 1u].interrupted : nullptr;
}

void Core::leave(Pe pe) {
    PeState& state = pes_[pe];
    CHECK(state.depth > 0);
    Handler& h = handler(pe, state.running[--state.depth].event);
    h.state = transition(h.state, Op::Complete).next;
}

void Core::complete(Pe pe) {
    leave(pe);
    settle(pe);
}

// --- By request of the user --------------------------------------------------------------------------------

Result<std::string> Core::inject(u32 event, Pe pe) {
    const std::optional<EventId> id = find_event(event);
    if (!id) return fail("there is no event {:#x}", event);
    const std::string whose = id->shared ? "the guest" : fmt::format("vCPU {}", pe);
    Handler& h = handler(pe, *id);
    if (!is_registered(h.state)) return fail("{} has no handler for event {:#x}", whose, event);
    if (is_pending(pe, *id)) return fail("event {:#x} is pending already", event);
    h.raised = true;
    settle(pe);
    return held_back(pe, *id);
}

std::string Core::held_back(Pe pe, EventId event) const {
    const Handler& h = handler(pe, event);
    const u32 number = event.row().number;
    if (is_running(h.state)) return fmt::format("event {:#x} is pending: its handler runs", number);
    if (!is_enabled(h.state)) return fmt::format("event {:#x} is pending: it is disabled", number);
    const Pe receiver = event.shared && h.one_pe ? h.target : pe;
    if (event.shared && !h.one_pe) {
        return target(event) ? "" : fmt::format("event {:#x} is pending: no vCPU can take it", number);
    }
    if (pes_[receiver].masked) {
        return fmt::format("event {:#x} is pending: vCPU {} is off or masks events", number, receiver);
    }
    if (!can_take(receiver, event.row().critical)) {
        return fmt::format("event {:#x} is pending: vCPU {} handles another one", number, receiver);
    }
    return "";
}

Result<> Core::inject_nmi() {
    constexpr EventId kEvent0{false, 0};
    bool any = false;
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        Handler& h = handler(pe, kEvent0);
        if (!is_enabled(h.state)) continue;
        any = true;
        h.raised = true;
        settle(pe);
    }
    if (!any)
        return fail("the guest has not enabled SDEI event 0, which would be its non-maskable interrupt");
    return {};
}

std::string Core::describe() const {
    const auto line = [this](Pe pe, EventId event) -> std::string {
        const Handler& h = handler(pe, event);
        if (h.state == State::Unregistered && h.delivered == 0) return "";
        std::string text = fmt::format("  event {:#x}:", event.row().number);
        if (event.row().critical) text += " critical";
        if (is_registered(h.state)) text += " registered";
        if (is_enabled(h.state)) text += " enabled";
        if (is_running(h.state)) text += " running";
        if (is_pending(pe, event)) text += " pending";
        if (const auto wire = wires_.bound_to(event)) text += fmt::format(" INTID {}", wire->intid);
        if (is_registered(h.state)) {
            text += fmt::format(", entry {}{:#x}, argument {:#x}", h.relative ? "VBAR_EL1 + " : "", h.entry,
                                h.argument);
            if (event.shared) text += h.one_pe ? fmt::format(", to vCPU {}", h.target) : ", to any vCPU";
        }
        return text + fmt::format(", delivered {}\n", h.delivered);
    };
    std::string text;
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        text += fmt::format("vCPU {}: {}", pe, pes_[pe].masked ? "masked" : "unmasked");
        for (u8 n = 0; n < pes_[pe].depth; ++n) {
            const Running& running = pes_[pe].running[n];
            text += fmt::format("{} event {:#x} that interrupted {:#x}", n == 0 ? ", in" : " and",
                                running.event.row().number, running.interrupted.pc);
        }
        text += "\n";
        for (u8 i = 0; i < kPrivateEvents.size(); ++i) text += line(pe, {false, i});
    }
    text += "shared:\n";
    for (u8 i = 0; i < kSharedEvents.size(); ++i) text += line(0, {true, i});
    return text;
}

}  // namespace trapeze::firmware::sdei
