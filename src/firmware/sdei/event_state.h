// The states of an event's handler and what the calls do to them (DEN0054C "Event handler states"), as a
// table.
#pragma once

#include <array>

#include "trapeze/arch/sdei.h"

namespace trapeze::firmware::sdei {

using arch::sdei::Status;

// The values are those that SDEI_EVENT_STATUS returns.
enum class State : u8 {
    Unregistered = 0b000,
    Registered = 0b001,
    Enabled = 0b011,
    RunningUnregistered = 0b100,  // leaves to Unregistered when the handler completes
    RunningDisabled = 0b101,
    RunningEnabled = 0b111,
};

enum class Op : u8 {
    Register,
    Enable,
    Disable,
    Unregister,
    SetRouting,
    Release,
    Dispatch,
    Complete,
};
inline constexpr std::size_t kOpCount = 8;

constexpr bool is_registered(State s) {
    return arch::sdei::EventStatus::Registered::get(static_cast<u64>(s)) != 0;
}
constexpr bool is_enabled(State s) {
    return arch::sdei::EventStatus::Enabled::get(static_cast<u64>(s)) != 0;
}
constexpr bool is_running(State s) {
    return arch::sdei::EventStatus::Running::get(static_cast<u64>(s)) != 0;
}

// The status that the call returns, and the state afterwards.
struct Transition {
    Status status;
    State next;
};

namespace table {

struct Row {
    State state;
    std::array<Transition, kOpCount> by_op;
};

constexpr Row row(State state, std::array<Transition, kOpCount> by_op) {
    return {state, by_op};
}
constexpr Transition to(State next) {
    return {Status::SUCCESS, next};
}
constexpr Transition pending() {
    return {Status::PENDING, State::RunningUnregistered};
}
constexpr Transition denied(State same) {
    return {Status::DENIED, same};
}

inline constexpr State N = State::Unregistered;
inline constexpr State R = State::Registered;
inline constexpr State E = State::Enabled;
inline constexpr State U = State::RunningUnregistered;
inline constexpr State D = State::RunningDisabled;
inline constexpr State X = State::RunningEnabled;

// clang-format off
inline constexpr Row kRows[] = {
    //      Register   Enable     Disable    Unregister SetRouting Release    Dispatch   Complete
    row(N, {to(R),     denied(N), denied(N), denied(N), denied(N), to(N),     denied(N), denied(N)}),
    row(R, {denied(R), to(E),     to(R),     to(N),     to(R),     denied(R), denied(R), denied(R)}),
    row(E, {denied(E), to(E),     to(R),     to(N),     denied(E), denied(E), to(X),     denied(E)}),
    row(U, {denied(U), denied(U), denied(U), pending(), denied(U), denied(U), denied(U), to(N)}),
    row(D, {denied(D), to(X),     to(D),     pending(), denied(D), denied(D), denied(D), to(R)}),
    row(X, {denied(X), to(X),     to(D),     pending(), denied(X), denied(X), denied(X), to(E)}),
};
// clang-format on

constexpr bool is_consistent() {
    for (const Row& row : kRows) {
        for (std::size_t op = 0; op < kOpCount; ++op) {
            const Transition& t = row.by_op[op];
            if (t.status == Status::DENIED && t.next != row.state) return false;
            const bool starts = static_cast<Op>(op) == Op::Dispatch && t.status == Status::SUCCESS;
            const bool ends = static_cast<Op>(op) == Op::Complete && t.status == Status::SUCCESS;
            if (!starts && !ends && is_running(t.next) != is_running(row.state)) return false;
            if (starts && (is_running(row.state) || !is_running(t.next))) return false;
            if (ends && (!is_running(row.state) || is_running(t.next))) return false;
            if (is_enabled(t.next) && !is_registered(t.next)) return false;
        }
    }
    return true;
}
static_assert(is_consistent());

}  // namespace table

constexpr Transition transition(State state, Op op) {
    for (const table::Row& row : table::kRows) {
        if (row.state == state) return row.by_op[static_cast<std::size_t>(op)];
    }
    return table::denied(state);
}

}  // namespace trapeze::firmware::sdei
