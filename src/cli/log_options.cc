// -d, and switching on what it and -trace ask for.
#include <algorithm>
#include <cerrno>
#include <fstream>

#include "draft.h"

namespace trapeze::cli {
namespace {

struct LogItem {
    std::string_view name;
    LogClass log_class;
    std::string_view help;
};

constexpr LogItem kLogItems[] = {
    {"guest_errors", LogClass::GuestErrors, "what the guest does against its architecture"},
    {"unimp", LogClass::Unimp, "what the guest uses and is not implemented"},
};
constexpr std::string_view kTracePrefix = "trace:";

std::vector<std::string_view> event_names() {
    std::vector<std::string_view> names;
    for (const TraceEvent* event : TraceEvent::all()) names.emplace_back(event->name());
    std::ranges::sort(names);
    return names;
}

std::string log_help() {
    std::string text = "Log items (separated by commas):\n";
    for (const LogItem& item : kLogItems) text += fmt::format("  {:<20} {}\n", item.name, item.help);
    return text + "  trace:pattern        trace events whose names match (* and ?); trace:help lists them\n";
}

void add_class(Diagnostics& diagnostics, LogClass log_class) {
    if (std::ranges::find(diagnostics.classes, log_class) != diagnostics.classes.end()) return;
    diagnostics.classes.push_back(log_class);
}

Result<void> add_log_item(Draft& draft, std::string_view word) {
    if (word.starts_with(kTracePrefix)) {
        return add_trace_pattern(draft, word.substr(kTracePrefix.size()), draft.diagnostics.trace_patterns);
    }
    std::vector<std::string_view> known = {kTracePrefix};
    for (const LogItem& item : kLogItems) {
        if (word == item.name || word == "all") add_class(draft.diagnostics, item.log_class);
        if (word == item.name) return {};
        known.push_back(item.name);
    }
    if (word == "all") return {};
    return fail("unknown log item '{}'{}; there are guest_errors, unimp and trace:pattern", show(word),
                hint(word, known));
}

// A file of patterns as QEMU has them: one a line, '#' begins a comment, '-' switches off.
Result<std::vector<std::string>> read_patterns(const std::string& path) {
    std::ifstream file(path);
    if (!file) return fail_errno(errno, "-trace events={}: could not open the file", show(path));
    std::vector<std::string> patterns;
    for (std::string line; std::getline(file, line);) {
        constexpr std::string_view kBlank = " \t\r";
        line.erase(std::min(line.find('#'), line.size()));
        line.erase(line.find_last_not_of(kBlank) + 1);
        line.erase(0, std::min(line.find_first_not_of(kBlank), line.size()));
        if (!line.empty()) patterns.push_back(line);
    }
    return patterns;
}

void enable_all(const std::vector<std::string>& patterns, TraceTo destination,
                std::vector<std::string>& warnings) {
    for (const std::string& pattern : patterns) {
        if (TraceEvent::enable(pattern, destination) > 0) continue;
        warnings.push_back(
            fmt::format("no trace event matches '{}'{}", show(pattern), hint(pattern, event_names())));
    }
}

}  // namespace

std::string trace_events_help() {
    std::string text;
    for (const std::string_view name : event_names()) text += fmt::format("{}\n", name);
    return text;
}

Result<void> add_trace_pattern(Draft& draft, std::string_view pattern, std::vector<std::string>& patterns) {
    if (pattern.empty()) return fail("a trace event pattern must not be empty");
    if (is_help(pattern)) {
        print_and_exit(draft, trace_events_help());
    } else {
        patterns.emplace_back(pattern);
    }
    return {};
}

Result<void> log_option(Draft& draft, const OptionUse& use) {
    std::string_view rest = use.argument;
    while (true) {
        const std::size_t comma = rest.find(',');
        const std::string_view word = rest.substr(0, comma);
        if (is_help(word)) {
            print_and_exit(draft, log_help());
            return {};
        }
        TRY(add_log_item(draft, word));
        if (comma == std::string_view::npos || draft.answer) return {};
        rest.remove_prefix(comma + 1);
    }
}

Result<std::vector<std::string>> apply(const Diagnostics& diagnostics) {
    if (!diagnostics.log_file.empty()) {
        TRY(with_context(set_log_file(diagnostics.log_file),
                         fmt::format("-D {}", show(diagnostics.log_file))));
    }
    for (const LogClass log_class : diagnostics.classes) set_log_enabled(log_class, true);
    std::vector<std::string> warnings;
    for (const std::string& path : diagnostics.event_files) {
        const auto patterns = TRY(read_patterns(path));
        enable_all(patterns, diagnostics.record_event_files ? TraceTo::Recorder : TraceTo::Log, warnings);
    }
    enable_all(diagnostics.trace_patterns, TraceTo::Log, warnings);
    enable_all(diagnostics.recorded_patterns, TraceTo::Recorder, warnings);
    return warnings;
}

}  // namespace trapeze::cli
