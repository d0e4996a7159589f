// CHECK states what we believe about our own code. It never tests anything a guest, a file or the host can
// influence: those are Outcomes and Errors.
#pragma once

#include <string_view>

namespace trapeze {

// Prints the failed condition and aborts. Restores the terminal first (see set_crash_hook).
[[noreturn]] void check_failed(const char* condition, const char* file, int line, std::string_view detail);

// Called once by check_failed and by fatal signals before the process dies; async-signal-safe code only.
void set_crash_hook(void (*hook)());
// Called once after the crash hook, by whatever calls that: says what led to the end, on stderr. Must not
// allocate, take locks or throw.
void set_crash_report(void (*report)());
void run_crash_hook();

}  // namespace trapeze

#define CHECK(condition)                                  \
    (__builtin_expect(static_cast<bool>(condition), true) \
         ? static_cast<void>(0)                           \
         : ::trapeze::check_failed(#condition, __FILE__, __LINE__, {}))
#define CHECK_MSG(condition, detail)                      \
    (__builtin_expect(static_cast<bool>(condition), true) \
         ? static_cast<void>(0)                           \
         : ::trapeze::check_failed(#condition, __FILE__, __LINE__, (detail)))
