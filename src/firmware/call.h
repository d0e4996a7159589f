// Rows of the firmware tables: a member function as handler, with a trace of the call and its outcome.
#pragma once

#include <fmt/core.h>

#include <string>

#include "trapeze/base/log.h"
#include "trapeze/trap/hypercall_table.h"

namespace trapeze::firmware {

// A result in X0, sign-extended: for a 32-bit call, W0 is what counts.
inline trap::CallResult result(s64 x0) {
    return {.x = {static_cast<u64>(x0)}, .count = 1};
}

// "0x0" or "stop" and the like, for traces.
std::string describe(const trap::Outcome& outcome);

template <typename Owner, trap::Outcome (Owner::*Handle)(trap::CpuPort&, const trap::HypercallArgs&),
          TraceEvent& Event>
constexpr trap::HypercallRow<Owner> row(u32 function, u8 arguments, const char* spec) {
    return {function, arguments,
            [](Owner& owner, trap::CpuPort& cpu, const trap::HypercallArgs& args) {
                const trap::Outcome outcome = (owner.*Handle)(cpu, args);
                TRACE(Event, "{}: {:#010x} x1 {:#x} x2 {:#x} x3 {:#x} -> {}", cpu.index(), args.function,
                      args.x1, args.x2, args.x3, describe(outcome));
                return outcome;
            },
            spec};
}

}  // namespace trapeze::firmware
