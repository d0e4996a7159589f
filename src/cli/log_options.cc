// -d, -trace, and switching on what they ask for.
#include <algorithm>

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

std::string events_help() {
    std::string text;
    for (const std::string_view name : event_names()) text += fmt::format("{}\n", name);
    return text;
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

Result<void> add_pattern(Draft& draft, std::string_view pattern) {
    if (pattern.empty()) return fail("a trace event pattern must not be empty");
    if (is_help(pattern)) {
        print_and_exit(draft, events_help());
    } else {
        draft.diagnostics.trace_patterns.emplace_back(pattern);
    }
    return {};
}

Result<void> add_log_item(Draft& draft, std::string_view word) {
    if (word.starts_with(kTracePrefix)) return add_pattern(draft, word.substr(kTracePrefix.size()));
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

Result<void> set_enable(Draft& draft, const KeyArgument& argument) {
    return add_pattern(draft, argument.value);
}

Result<void> refuse_trace_file(Draft&, const KeyArgument&) {
    return fail("{}; -D names the log file", not_supported("a separate trace file"));
}

constexpr KeyRow<Draft> kTraceKeys[] = {
    {"enable", "pattern", set_enable, "trace events to log"},
    {"events", "(refused)", refuse_key, "lists of events in files"},
    {"file", "(refused)", refuse_trace_file, "a separate trace file"},
};

}  // namespace

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

Result<void> trace_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "enable"));
    if (wants_help(items)) {
        print_and_exit(draft, events_help());
        return {};
    }
    return apply_keys<Draft>(use.name, kTraceKeys, items, draft);
}

Result<std::vector<std::string>> apply(const Diagnostics& diagnostics) {
    if (!diagnostics.log_file.empty()) {
        TRY(with_context(set_log_file(diagnostics.log_file),
                         fmt::format("-D {}", show(diagnostics.log_file))));
    }
    for (const LogClass log_class : diagnostics.classes) set_log_enabled(log_class, true);
    std::vector<std::string> warnings;
    for (const std::string& pattern : diagnostics.trace_patterns) {
        if (TraceEvent::enable(pattern) > 0) continue;
        warnings.push_back(
            fmt::format("no trace event matches '{}'{}", show(pattern), hint(pattern, event_names())));
    }
    return warnings;
}

}  // namespace trapeze::cli
