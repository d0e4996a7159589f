// Everything the program says outside the guest's console: errors and notes for the user on stderr, and the
// optional diagnostics of -d (to stderr or the -D file). All functions may be called from any thread.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string_view>
#include <vector>

#include "trapeze/base/rate_limit.h"
#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

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

class TraceEvent;

namespace log_detail {
extern std::atomic<bool> class_enabled[static_cast<unsigned>(LogClass::kCount)];
void write_line(std::string_view text);
void write_event(const TraceEvent& event, std::string_view text);
void write_limited(RateLimiter& limiter, std::string_view prefix, std::string_view text);
}  // namespace log_detail

inline bool log_enabled(LogClass c) {
    return log_detail::class_enabled[static_cast<unsigned>(c)].load(std::memory_order_relaxed);
}
void set_log_enabled(LogClass c, bool on);

// Sends diagnostics to a file (created or truncated) instead of stderr. Call before threads start.
Result<void> set_log_file(const std::string& path);
void flush_log();

// Where an enabled trace event goes: to the log as a line, to the recorder (TraceSink), or both.
enum class TraceTo : u8 { Log = 1, Recorder = 2 };

// A named trace event: one static object per event, owned by the layer that emits it and declared next to its
// siblings, so that `-d trace:help` can list all of them. Emitting costs one relaxed load while off.
class TraceEvent {
public:
    // Exit: the recorder learns of it as a whole exit, with times, from the vCPU that handled it; the text of
    // TRACE is then for the log only.
    enum class Kind : u8 { Instant, Exit };

    explicit TraceEvent(const char* name, Kind kind = Kind::Instant);
    const char* name() const { return name_; }

    bool enabled() const { return state_.load(std::memory_order_relaxed) != 0; }
    bool recorded() const { return (state_.load(std::memory_order_relaxed) & kRecorder) != 0; }
    // Whether TRACE has somebody to format its text for.
    bool wants_text() const { return (state_.load(std::memory_order_relaxed) & text_mask_) != 0; }
    bool wants_text(TraceTo destination) const {
        return (state_.load(std::memory_order_relaxed) & text_mask_ & static_cast<u8>(destination)) != 0;
    }

    // Off: everywhere. On: at the default destination, the recorder once there is one.
    void set_enabled(bool on);
    void enable(TraceTo destination) {
        state_.fetch_or(static_cast<u8>(destination), std::memory_order_relaxed);
    }
    static void set_default_destination(TraceTo destination);

    // All events of the program, in link order.
    static std::vector<TraceEvent*> all();
    // Enables every event that matches the glob `pattern` (* and ?); disables it if the pattern begins with
    // a '-'. Returns how many matched. Without a destination: as set_enabled().
    static unsigned enable(std::string_view pattern, TraceTo destination);
    static unsigned enable(std::string_view pattern);

private:
    static constexpr u8 kLog = static_cast<u8>(TraceTo::Log);
    static constexpr u8 kRecorder = static_cast<u8>(TraceTo::Recorder);

    const char* name_;
    const u8 text_mask_;  // destinations that take text
    std::atomic<u8> state_{0};
    TraceEvent* next_;
};

// Takes the events that go to the recorder. Called on any thread, with any lock held.
class TraceSink {
public:
    virtual ~TraceSink() = default;
    virtual void record(const TraceEvent& event, std::string_view text) = 0;
};
// Before threads that trace start, and nullptr after they have ended.
void set_trace_sink(TraceSink* sink);

}  // namespace trapeze

// TRACE(event, "vcpu {}: WFI @ {:#x}", index, pc): prints "<event name> <text>" when the event is enabled.
#define TRACE(event, ...)                                                          \
    do {                                                                           \
        if ((event).wants_text()) [[unlikely]]                                     \
            ::trapeze::log_detail::write_event((event), fmt::format(__VA_ARGS__)); \
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
