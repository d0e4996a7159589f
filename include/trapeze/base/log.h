// Everything the program says outside the guest's console: errors and notes for the user on stderr, and the
// optional diagnostics of -d (to stderr or the -D file). All functions may be called from any thread.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string_view>
#include <vector>

#include "trapeze/base/rate_limit.h"
#include "trapeze/base/result.h"

namespace trapeze {

// "trapeze: error: ..." and friends, always on stderr, one line each.
void print_error(std::string_view text);
void print_warning(std::string_view text);
void print_note(std::string_view text);

// The classes of -d; off by default.
enum class LogClass : unsigned {
    GuestErrors,  // the guest did something its architecture calls an error
    Unimp,        // the guest used something we do not implement
    kCount,
};

namespace log_detail {
extern std::atomic<bool> class_enabled[static_cast<unsigned>(LogClass::kCount)];
void write_line(std::string_view text);
void write_limited(RateLimiter& limiter, std::string_view prefix, std::string_view text);
}  // namespace log_detail

inline bool log_enabled(LogClass c) {
    return log_detail::class_enabled[static_cast<unsigned>(c)].load(std::memory_order_relaxed);
}
void set_log_enabled(LogClass c, bool on);

// Sends diagnostics to a file (created or truncated) instead of stderr. Call before threads start.
Result<void> set_log_file(const std::string& path);
void flush_log();

// A named trace event: one static object per event, owned by the layer that emits it and declared next to its
// siblings, so that `-d trace:help` can list all of them. Emitting costs one relaxed load while off.
class TraceEvent {
public:
    explicit TraceEvent(const char* name);
    bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
    void set_enabled(bool on) { enabled_.store(on, std::memory_order_relaxed); }
    const char* name() const { return name_; }

    // All events of the program, in link order.
    static std::vector<TraceEvent*> all();
    // Enables every event that matches the glob `pattern` (* and ?). Returns how many matched.
    static unsigned enable(std::string_view pattern);

private:
    const char* name_;
    std::atomic<bool> enabled_{false};
    TraceEvent* next_;
};

}  // namespace trapeze

// TRACE(event, "vcpu {}: WFI @ {:#x}", index, pc): prints "<event name> <text>" when the event is enabled.
#define TRACE(event, ...)                                                        \
    do {                                                                         \
        if ((event).enabled()) [[unlikely]]                                      \
            ::trapeze::log_detail::write_line(                                   \
                fmt::format("{} {}", (event).name(), fmt::format(__VA_ARGS__))); \
    } while (0)

// Diagnostics that a guest can provoke: filtered by -d and rate-limited per call site, so no guest can flood
// the log.
#define LOG_LIMITED(log_class, prefix, ...)                                                       \
    do {                                                                                          \
        if (::trapeze::log_enabled(log_class)) [[unlikely]] {                                     \
            static ::trapeze::RateLimiter limiter_;                                               \
            if (limiter_.allow())                                                                 \
                ::trapeze::log_detail::write_limited(limiter_, prefix, fmt::format(__VA_ARGS__)); \
        }                                                                                         \
    } while (0)
#define GUEST_ERROR(...) LOG_LIMITED(::trapeze::LogClass::GuestErrors, "guest error: ", __VA_ARGS__)
#define UNIMP(...)       LOG_LIMITED(::trapeze::LogClass::Unimp, "unimplemented: ", __VA_ARGS__)
