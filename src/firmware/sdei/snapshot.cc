// Saving, and going on from what was saved here or elsewhere: nothing of a snapshot is believed.
#include <algorithm>

#include "sdei/core.h"
#include "trapeze/arch/pstate.h"

namespace trapeze::firmware::sdei {
namespace {

namespace s = arch::sdei;

std::optional<State> to_state(u64 status) {
    for (const table::Row& row : table::kRows) {
        if (static_cast<u64>(row.state) == status) return row.state;
    }
    return std::nullopt;
}

// What an event can have interrupted: EL1, EL0, or AArch32 User mode.
bool is_interruptible(u64 pstate) {
    constexpr u64 kAArch32User = 0x10;
    const u64 mode = arch::Pstate::Mode::get(pstate);
    return mode == arch::Pstate::kModeEl0t || mode == arch::Pstate::kModeEl1t ||
           mode == arch::Pstate::kModeEl1h || mode == kAArch32User;
}

}  // namespace

// --- Save --------------------------------------------------------------------------------------------------

SdeiEventSnapshot Core::save(Pe pe, EventId event) const {
    const Handler& h = handler(pe, event);
    SdeiEventSnapshot out{.event = event.row().number, .status = static_cast<u64>(h.state)};
    if (!is_registered(h.state)) return out;
    out.raised = h.raised;
    out.entry = h.entry;
    out.argument = h.argument;
    out.flags = s::RegisterFlags::RelativeMode::set(0, h.relative ? 1 : 0);
    out.flags = s::RegisterFlags::RoutingMode::set(out.flags, h.one_pe ? s::RM_PE : s::RM_ANY);
    if (h.one_pe) out.affinity = affinities_[h.target];
    return out;
}

SdeiSnapshot Core::save() const {
    SdeiSnapshot out;
    const auto add = [this](std::vector<SdeiEventSnapshot>& list, Pe pe, EventId event) {
        if (handler(pe, event).state != State::Unregistered) list.push_back(save(pe, event));
    };
    const auto add_binding = [this, &out](EventId event) {
        if (const auto wire = wires_.bound_to(event))
            out.bindings.push_back({event.row().number, wire->intid});
    };
    for (u8 i = 0; i < kSharedEvents.size(); ++i) add(out.events, 0, {true, i});
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) add_binding({false, i});
    for (u8 i = 0; i < kSharedEvents.size(); ++i) add_binding({true, i});
    for (u32 n = 0; n < wires_.shared_count(); ++n) {
        const Wire wire{true, Wires::kFirstShared + n};
        if (wires_.level(wire, 0)) out.shared_wires.push_back(wire.intid);
    }
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        SdeiPeSnapshot& to = out.pes.emplace_back();
        to.masked = pes_[pe].masked;
        to.private_wires = wires_.private_levels(pe);
        for (u8 i = 0; i < kPrivateEvents.size(); ++i) add(to.events, pe, {false, i});
        for (u8 n = 0; n < pes_[pe].depth; ++n) {
            const Running& running = pes_[pe].running[n];
            to.running.push_back({running.event.row().number, running.interrupted});
        }
    }
    return out;
}

// --- Restore -----------------------------------------------------------------------------------------------

Result<Handler> Core::load(const SdeiEventSnapshot& from) const {
    const std::optional<State> state = to_state(from.status);
    if (!state || *state == State::Unregistered)
        return fail("event {:#x} has status {:#x}", from.event, from.status);
    Handler h{.state = *state};
    if (!is_registered(*state)) return h;
    if ((from.flags & s::RegisterFlags::kReserved) != 0)
        return fail("event {:#x} has unknown flags", from.event);
    h.relative = s::RegisterFlags::RelativeMode::get(from.flags) != 0;
    h.one_pe = s::RegisterFlags::RoutingMode::get(from.flags) == s::RM_PE;
    if (h.one_pe) {
        const std::optional<Pe> target = find_pe(from.affinity);
        if (!target) return fail("event {:#x} goes to a vCPU that does not exist", from.event);
        h.target = *target;
    }
    if (!is_entry_point(from.entry, h.relative))
        return fail("event {:#x} has a wrong entry point", from.event);
    h.entry = from.entry;
    h.argument = from.argument;
    h.raised = from.raised;
    return h;
}

Result<> Core::load_events(const std::vector<SdeiEventSnapshot>& from, bool shared,
                           std::span<Handler> into) const {
    for (const SdeiEventSnapshot& event : from) {
        const std::optional<EventId> id = find_event(event.event);
        if (!id || id->shared != shared) return fail("there is no such event as {:#x}", event.event);
        Handler& h = into[id->index];
        if (h.state != State::Unregistered) return fail("event {:#x} is there twice", event.event);
        h = TRY(load(event));
        if (h.one_pe && !shared) return fail("private event {:#x} is routed", event.event);
    }
    return {};
}

// Every handler that runs does so on one PE, and a PE runs what says so.
Result<> Core::load_running(const SdeiPeSnapshot& from, PeState& pe, std::span<u32> shared_runs) const {
    if (from.running.size() > kMaxNesting) return fail("too many handlers run on a vCPU");
    for (const SdeiPeSnapshot::Running& running : from.running) {
        const std::optional<EventId> id = find_event(running.event);
        if (!id) return fail("there is no event {:#x}, which runs", running.event);
        if (pe.depth > 0 && (pe.running[0].event.row().critical || !id->row().critical))
            return fail("event {:#x} cannot have interrupted the handler before it", running.event);
        if (!is_interruptible(running.interrupted.pstate))
            return fail("event {:#x} interrupted an impossible PSTATE", running.event);
        if (id->shared) {
            ++shared_runs[id->index];
        } else if (!is_running(pe.handlers[id->index].state)) {
            return fail("event {:#x} runs without a handler that does", running.event);
        }
        pe.running[pe.depth++] = {*id, running.interrupted};
    }
    const auto private_runs = std::ranges::count_if(pe.running.begin(), pe.running.begin() + pe.depth,
                                                    [](const Running& r) { return !r.event.shared; });
    const auto handlers_running =
        std::ranges::count_if(pe.handlers, [](const Handler& h) { return is_running(h.state); });
    if (private_runs != handlers_running) return fail("a private handler runs nowhere");
    return {};
}

Result<Wires> Core::load_wires(const SdeiSnapshot& from) const {
    Wires wires(pes_.size(), wires_.shared_count());
    for (const SdeiSnapshot::Binding& binding : from.bindings) {
        const std::optional<EventId> id = find_event(binding.event);
        const std::optional<Wire> wire = wires.find(binding.intid);
        if (!id || !wire || !id->row().bindable || id->shared != wire->shared || wires.bound_to(*id) ||
            wires.event(*wire) || (!wire->shared && !private_wires_)) {
            return fail("event {:#x} cannot be bound to INTID {}", binding.event, binding.intid);
        }
        wires.bind(*id, *wire);
    }
    for (const u32 intid : from.shared_wires) {
        const std::optional<Wire> wire = wires.find(intid);
        if (!wire || !wire->shared) return fail("there is no wire of INTID {}", intid);
        wires.set_level(*wire, 0, true);
    }
    for (Pe pe = 0; pe < pes_.size(); ++pe) {
        if ((from.pes[pe].private_wires & low_mask(Wires::kFirstPrivate)) != 0)
            return fail("an interrupt below INTID {} has a wire", Wires::kFirstPrivate);
        for (u32 intid = Wires::kFirstPrivate; intid < Wires::kFirstShared; ++intid) {
            wires.set_level({false, intid}, pe, (from.pes[pe].private_wires >> intid & 1) != 0);
        }
    }
    return wires;
}

Result<> Core::restore(const SdeiSnapshot& from) {
    if (from.version != SdeiSnapshot::kVersion) return fail("SDEI: unknown version {}", from.version);
    if (from.pes.size() != pes_.size()) return fail("SDEI: the state is that of {} vCPUs", from.pes.size());

    std::array<Handler, kSharedEvents.size()> shared{};
    TRY(load_events(from.events, true, shared));
    std::vector<PeState> pes(pes_.size());
    std::array<u32, kSharedEvents.size()> shared_runs{};
    for (Pe pe = 0; pe < pes.size(); ++pe) {
        const SdeiPeSnapshot& one = from.pes[pe];
        if (one.version != SdeiPeSnapshot::kVersion) return fail("SDEI: unknown version {}", one.version);
        pes[pe].masked = one.masked;
        TRY(load_events(one.events, false, pes[pe].handlers));
        TRY(load_running(one, pes[pe], shared_runs));
    }
    for (std::size_t i = 0; i < shared.size(); ++i) {
        if (shared_runs[i] != (is_running(shared[i].state) ? 1 : 0))
            return fail("SDEI: event {:#x} does not run where it says", kSharedEvents[i].number);
    }
    Wires wires = TRY(load_wires(from));
    const auto unbound = [&wires](bool is_shared, std::span<const Handler> handlers) {
        for (u8 i = 0; i < handlers.size(); ++i) {
            const EventId id{is_shared, i};
            if (handlers[i].state != State::Unregistered && id.row().bindable && !wires.bound_to(id))
                return true;
        }
        return false;
    };
    if (unbound(true, shared) ||
        std::ranges::any_of(pes, [&](PeState& pe) { return unbound(false, pe.handlers); }))
        return fail("SDEI: a handler waits for an interrupt that is not bound");

    shared_ = shared;
    pes_ = std::move(pes);
    wires_ = std::move(wires);
    for (Pe pe = 0; pe < pes_.size(); ++pe) settle(pe);
    return {};
}

}  // namespace trapeze::firmware::sdei
