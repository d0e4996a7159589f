// The wires that pass by, and those that the guest has bound to events (DEN0054C SDEI_INTERRUPT_BIND).
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "sdei/events.h"
#include "trapeze/bus/irq.h"

namespace trapeze::firmware::sdei {

// An INTID of an interrupt that can be bound.
struct Wire {
    bool shared = false;
    u32 intid = 0;
    bool operator==(const Wire&) const = default;
};

// Not synchronised.
class Wires {
public:
    static constexpr u32 kFirstPrivate = 16;  // below: IPIs, which cannot be bound
    static constexpr u32 kFirstShared = 32;

    Wires(std::size_t pes, u32 shared_wires) : private_levels_(pes), shared_levels_(shared_wires) {
        shared_events_.assign(shared_wires, kUnbound);
        private_events_.fill(kUnbound);
    }

    // nullopt: no such interrupt, or an IPI.
    std::optional<Wire> find(u64 intid) const {
        if (intid >= kFirstPrivate && intid < kFirstShared) return Wire{false, static_cast<u32>(intid)};
        if (intid >= kFirstShared && intid - kFirstShared < shared_levels_.size())
            return Wire{true, static_cast<u32>(intid)};
        return std::nullopt;
    }

    // `pe` matters for private wires only.
    bool level(Wire wire, bus::VcpuIndex pe) const {
        return wire.shared ? shared_levels_[wire.intid - kFirstShared]
                           : (private_levels_[pe] >> wire.intid & 1) != 0;
    }
    void set_level(Wire wire, bus::VcpuIndex pe, bool level) {
        if (wire.shared) {
            shared_levels_[wire.intid - kFirstShared] = level;
        } else if (level) {
            private_levels_[pe] |= u32{1} << wire.intid;
        } else {
            private_levels_[pe] &= ~(u32{1} << wire.intid);
        }
    }

    std::optional<EventId> event(Wire wire) const {
        const u8 index =
            wire.shared ? shared_events_[wire.intid - kFirstShared] : private_events_[wire.intid];
        return index != kUnbound ? std::optional(EventId{wire.shared, index}) : std::nullopt;
    }
    std::optional<Wire> bound_to(EventId event) const {
        const u32 intid = intids(event.shared)[event.index];
        return intid != 0 ? std::optional(Wire{event.shared, intid}) : std::nullopt;
    }
    void bind(EventId event, Wire wire) {
        events(wire) = event.index;
        (event.shared ? shared_intids_[event.index] : private_intids_[event.index]) = wire.intid;
    }
    void release(EventId event) {
        const std::optional<Wire> wire = bound_to(event);
        if (!wire) return;
        events(*wire) = kUnbound;
        (event.shared ? shared_intids_[event.index] : private_intids_[event.index]) = 0;
    }

    u32 private_levels(bus::VcpuIndex pe) const { return private_levels_[pe]; }
    u32 shared_count() const { return static_cast<u32>(shared_levels_.size()); }

private:
    static constexpr u8 kUnbound = 0xff;

    u8& events(Wire wire) {
        return wire.shared ? shared_events_[wire.intid - kFirstShared] : private_events_[wire.intid];
    }
    std::span<const u32> intids(bool shared) const {
        return shared ? std::span<const u32>(shared_intids_) : std::span<const u32>(private_intids_);
    }

    std::vector<u32> private_levels_;                          // by PE, a bit for each INTID
    std::vector<bool> shared_levels_;                          // from kFirstShared
    std::array<u8, kFirstShared> private_events_{};            // index of the event, by INTID
    std::vector<u8> shared_events_;                            // likewise, from kFirstShared
    std::array<u32, kPrivateEvents.size()> private_intids_{};  // by index of the event; 0: not bound
    std::array<u32, kSharedEvents.size()> shared_intids_{};
};

}  // namespace trapeze::firmware::sdei
