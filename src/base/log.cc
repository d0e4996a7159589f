#include "trapeze/base/log.h"

#include <fnmatch.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

namespace trapeze {
namespace log_detail {
std::atomic<bool> class_enabled[static_cast<unsigned>(LogClass::kCount)];
}

namespace {

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
    auto logger = std::make_shared<spdlog::logger>("trapeze", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::trace);
    return logger;
}

// User-facing messages: stderr always.
spdlog::logger& user_logger() {
    static auto logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    return *logger;
}

// Replaced once by set_log_file, before threads start.
std::shared_ptr<spdlog::logger>& diagnostic_logger() {
    static auto logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    return logger;
}

// Head of the list of trace events. Constant-initialised, so events in any translation unit may register
// during static initialisation.
constinit TraceEvent* first_event = nullptr;

constinit std::atomic<TraceSink*> trace_sink{nullptr};
constinit std::atomic<TraceTo> default_destination{TraceTo::Log};

}  // namespace

void print_error(std::string_view text) {
    user_logger().error("trapeze: error: {}", text);
}
void print_warning(std::string_view text) {
    user_logger().warn("trapeze: warning: {}", text);
}
void print_note(std::string_view text) {
    user_logger().info("trapeze: {}", text);
}

void log_detail::write_line(std::string_view text) {
    diagnostic_logger()->info("{}", text);
}

void log_detail::write_event(const TraceEvent& event, std::string_view text) {
    if (event.wants_text(TraceTo::Recorder)) {
        if (TraceSink* sink = trace_sink.load()) sink->record(event, text);
    }
    if (event.wants_text(TraceTo::Log)) write_line(fmt::format("{} {}", event.name(), text));
}

void set_trace_sink(TraceSink* sink) {
    trace_sink.store(sink);
}

void log_detail::write_limited(RateLimiter& limiter, std::string_view prefix, std::string_view text) {
    if (const u64 dropped = limiter.take_dropped()) {
        diagnostic_logger()->info("{}{} ({} similar messages suppressed)", prefix, text, dropped);
    } else {
        diagnostic_logger()->info("{}{}", prefix, text);
    }
}

void set_log_enabled(LogClass c, bool on) {
    log_detail::class_enabled[static_cast<unsigned>(c)].store(on, std::memory_order_relaxed);
}

Result<void> set_log_file(const std::string& path) {
    try {
        diagnostic_logger() = make_logger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path, true));
    } catch (const spdlog::spdlog_ex&) {
        return fail_errno(errno, "could not open log file '{}'", path);
    }
    diagnostic_logger()->flush_on(spdlog::level::info);
    return {};
}

void flush_log() {
    diagnostic_logger()->flush();
    user_logger().flush();
}

TraceEvent::TraceEvent(const char* name, Kind kind)
    : name_(name), text_mask_(kind == Kind::Exit ? kLog : kLog | kRecorder), next_(first_event) {
    first_event = this;
}

void TraceEvent::set_enabled(bool on) {
    if (on) {
        enable(default_destination.load(std::memory_order_relaxed));
    } else {
        state_.store(0, std::memory_order_relaxed);
    }
}

void TraceEvent::set_default_destination(TraceTo destination) {
    default_destination.store(destination, std::memory_order_relaxed);
}

std::vector<TraceEvent*> TraceEvent::all() {
    std::vector<TraceEvent*> events;
    for (TraceEvent* event = first_event; event != nullptr; event = event->next_) events.push_back(event);
    return events;
}

unsigned TraceEvent::enable(std::string_view pattern) {
    return enable(pattern, default_destination.load(std::memory_order_relaxed));
}

unsigned TraceEvent::enable(std::string_view pattern, TraceTo destination) {
    const bool off = pattern.starts_with('-');
    const std::string glob(pattern.substr(off ? 1 : 0));
    unsigned matched = 0;
    for (TraceEvent* event : all()) {
        if (fnmatch(glob.c_str(), event->name_, 0) != 0) continue;
        if (off) {
            event->set_enabled(false);
        } else {
            event->enable(destination);
        }
        ++matched;
    }
    return matched;
}

}  // namespace trapeze
