// The events of this machine, as rows. A guest finds out about them by SDEI_EVENT_GET_INFO; docs/sdei.md has
// what they are for.
#pragma once

#include <array>
#include <optional>

#include "trapeze/base/types.h"

namespace trapeze::firmware::sdei {

struct EventRow {
    u32 number;
    bool critical = false;
    bool signalable = false;  // by SDEI_EVENT_SIGNAL
    bool bindable = false;    // a slot for SDEI_INTERRUPT_BIND, always of normal priority
};

// DEN0054C "Event number": with this bit set, the vendor's.
inline constexpr u32 kVendorEvents = u32{1} << 30;

inline constexpr u32 kPrivateBindSlots = 8;
inline constexpr u32 kSharedBindSlots = 16;

namespace table {

template <std::size_t Fixed, u32 Slots>
constexpr auto with_slots(const EventRow (&fixed)[Fixed], u32 first) {
    std::array<EventRow, Fixed + Slots> rows{};
    for (std::size_t i = 0; i < Fixed; ++i) rows[i] = fixed[i];
    for (u32 i = 0; i < Slots; ++i) rows[Fixed + i] = {.number = first + i, .bindable = true};
    return rows;
}

inline constexpr EventRow kFixedPrivate[] = {
    {.number = 0, .signalable = true},
    {.number = kVendorEvents + 1, .critical = true},
};
inline constexpr EventRow kFixedShared[] = {
    {.number = kVendorEvents + 2},
    {.number = kVendorEvents + 3, .critical = true},
};

}  // namespace table

inline constexpr auto kPrivateEvents = table::with_slots<std::size(table::kFixedPrivate), kPrivateBindSlots>(
    table::kFixedPrivate, kVendorEvents + 0x100);
inline constexpr auto kSharedEvents = table::with_slots<std::size(table::kFixedShared), kSharedBindSlots>(
    table::kFixedShared, kVendorEvents + 0x200);

// A row of one of the two tables.
struct EventId {
    bool shared = false;
    u8 index = 0;
    constexpr const EventRow& row() const { return shared ? kSharedEvents[index] : kPrivateEvents[index]; }
    bool operator==(const EventId&) const = default;
};

constexpr std::optional<EventId> find_event(u32 number) {
    for (u8 i = 0; i < kPrivateEvents.size(); ++i) {
        if (kPrivateEvents[i].number == number) return EventId{false, i};
    }
    for (u8 i = 0; i < kSharedEvents.size(); ++i) {
        if (kSharedEvents[i].number == number) return EventId{true, i};
    }
    return std::nullopt;
}

}  // namespace trapeze::firmware::sdei
