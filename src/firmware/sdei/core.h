// The state of SDEI: handlers, masks, what is running and what is due. Not synchronised.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "sdei/event_state.h"
#include "sdei/events.h"
#include "sdei/wires.h"
#include "trapeze/base/result.h"
#include "trapeze/firmware/sdei.h"

namespace trapeze::firmware::sdei {

using Pe = bus::VcpuIndex;

// An event as it was registered, by one PE or for all.
struct Handler {
    State state = State::Unregistered;
    bool raised = false;  // to be delivered, whatever the wire of a bound interrupt does
    bool relative = false;
    bool one_pe = false;  // shared events: RM_PE
    Pe target = 0;        // with one_pe
    u64 entry = 0;
    u64 argument = 0;
    u64 delivered = 0;  // times since reset
};

// What can be told of an entry point without knowing the guest's page tables: instructions are aligned, and
// registration with a null pointer is a mistake. Relative to VBAR_EL1, zero is an address as any other.
constexpr bool is_entry_point(u64 address, bool relative) {
    return address % 4 == 0 && (relative || address != 0);
}

// What a PE enters when an event is delivered.
struct Dispatch {
    u32 event;
    u64 entry;
    bool relative;
    u64 argument;
};

// Calls return X0. Events and interrupts are numbers from the guest; a PE is valid.
class Core {
public:
    Core(const SdeiConfig& config, bus::IrqSink& controller, SdeiHost& host);

    s64 event_register(Pe pe, u32 event, u64 entry, u64 argument, u64 flags, u64 affinity);
    s64 event_enable(Pe pe, u32 event) { return change(pe, event, Op::Enable); }
    s64 event_disable(Pe pe, u32 event) { return change(pe, event, Op::Disable); }
    s64 event_unregister(Pe pe, u32 event);
    s64 event_status(Pe pe, u32 event) const;
    s64 event_get_info(Pe pe, u32 event, u64 info) const;
    s64 event_routing_set(Pe pe, u32 event, u64 mode, u64 affinity);
    s64 event_signal(u32 event, u64 affinity);
    s64 interrupt_bind(u32 intid);
    s64 interrupt_release(u32 event);
    s64 pe_mask(Pe pe);
    s64 pe_unmask(Pe pe);
    s64 private_reset(Pe pe);
    s64 shared_reset(Pe pe);

    // The innermost running handler's. nullptr: none is running on this PE.
    const SdeiContext* interrupted(Pe pe) const;
    // The innermost handler has done its work. One is running.
    void complete(Pe pe);

    // The event that this PE is to handle now; it need not be told again until there is a new reason.
    std::optional<EventId> take(Pe pe);
    // Starts the handler of the event that take() returned; false if it is not due any longer.
    std::optional<Dispatch> dispatch(Pe pe, EventId event, const SdeiContext& interrupted);

    void set_level(Wire wire, Pe pe, bool level);
    void pulse(Wire wire);

    // See Sdei.
    Result<std::string> inject(u32 event, Pe pe);
    Result<> inject_nmi();
    std::string describe() const;

    void reset();
    void reset_pe(Pe pe);

    SdeiSnapshot save() const;
    Result<> restore(const SdeiSnapshot& snapshot);

    const Wires& wires() const { return wires_; }
    Pe pe_count() const { return static_cast<Pe>(pes_.size()); }

private:
    struct Running {
        EventId event;
        SdeiContext interrupted;
    };
    // A normal event can be interrupted by a critical one, and nothing else can.
    static constexpr std::size_t kMaxNesting = 2;
    struct PeState {
        bool masked = true;
        bool posted = false;  // the host has been told, and take() was not called since
        u8 depth = 0;
        std::array<Running, kMaxNesting> running{};  // depth of them, the innermost last
        std::array<Handler, kPrivateEvents.size()> handlers{};
    };

    Handler& handler(Pe pe, EventId event) {
        return event.shared ? shared_[event.index] : pes_[pe].handlers[event.index];
    }
    const Handler& handler(Pe pe, EventId event) const {
        return event.shared ? shared_[event.index] : pes_[pe].handlers[event.index];
    }
    std::optional<Pe> find_pe(u64 affinity) const;

    s64 change(Pe pe, u32 event, Op op);
    Status unregister(Pe pe, EventId event);
    bool is_registered_anywhere(EventId event) const;
    Status release(EventId event);

    bool is_pending(Pe pe, EventId event) const;
    bool can_take(Pe pe, bool critical) const;
    std::optional<Pe> target(EventId event) const;
    bool waits_for_pe(Pe pe, EventId event) const;
    bool is_due(Pe pe, EventId event) const;
    std::optional<EventId> next(Pe pe) const;
    void post(Pe pe);
    void settle(Pe pe);
    void settle_shared();
    void leave(Pe pe);
    void pass_to_controller(Pe pe, EventId event, bool pass);
    void drive_controller(Pe pe, Wire wire, bool level);
    std::string held_back(Pe pe, EventId event) const;

    SdeiEventSnapshot save(Pe pe, EventId event) const;
    Result<Handler> load(const SdeiEventSnapshot& from) const;
    Result<> load_events(const std::vector<SdeiEventSnapshot>& from, bool shared,
                         std::span<Handler> into) const;
    Result<> load_running(const SdeiPeSnapshot& from, PeState& pe, std::span<u32> shared_runs) const;
    Result<Wires> load_wires(const SdeiSnapshot& from) const;

    bus::IrqSink& controller_;
    SdeiHost& host_;
    const std::vector<u64> affinities_;
    const bool private_wires_;
    Wires wires_;
    std::vector<PeState> pes_;
    std::array<Handler, kSharedEvents.size()> shared_{};
};

}  // namespace trapeze::firmware::sdei
