// Rows of hypercall tables: a member function as handler, with a trace of the call and its outcome.
#pragma once

#include <fmt/core.h>

#include <string>

#include "trapeze/base/log.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::trap {

// A result in X0, sign-extended: for a 32-bit call, W0 is what counts.
inline CallResult result(s64 x0) {
    return {.x = {static_cast<u64>(x0)}, .count = 1};
}

// "0x0" or "stop" and the like, for traces.
std::string describe(const Outcome& outcome);

template <typename Owner, Outcome (Owner::*Handle)(CpuPort&, const HypercallArgs&), TraceEvent& Event>
constexpr HypercallRow<Owner> call_row(u32 function, u8 arguments, const char* spec) {
    return {function, arguments,
            [](Owner& owner, CpuPort& cpu, const HypercallArgs& args) {
                const Outcome outcome = (owner.*Handle)(cpu, args);
                TRACE(Event, "{}: {:#010x} x1 {:#x} x2 {:#x} x3 {:#x} -> {}", cpu.index(), args.function,
                      args.x1, args.x2, args.x3, describe(outcome));
                return outcome;
            },
            spec};
}

}  // namespace trapeze::trap
