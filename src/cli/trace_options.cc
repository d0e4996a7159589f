// -trace and -stats.
#include <algorithm>

#include "draft.h"

namespace trapeze::cli {
namespace {

Result<void> set_enable(Draft& draft, const KeyArgument& argument) {
    return add_trace_pattern(draft, argument.value, draft.trace_patterns);
}

Result<void> set_events(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    draft.diagnostics.event_files.emplace_back(argument.value);
    return {};
}

Result<void> set_trace_file(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    draft.config.trace.file = argument.value;
    draft.config.trace.record = true;
    return {};
}

Result<void> set_buffer(Draft& draft, const KeyArgument& argument) {
    constexpr u64 kLowest = 4096;
    constexpr u64 kHighest = 1ull << 30;
    const u64 bytes = TRY(parse_size(argument.value, 1));
    if (bytes < kLowest || bytes > kHighest) return fail("a size between 4K and 1G is wanted");
    draft.config.trace.buffer_bytes = bytes;
    draft.config.trace.record = true;
    return {};
}

Result<void> set_stream(Draft& draft, const KeyArgument& argument) {
    draft.config.trace.stream = TRY(parse_bool(argument.value));
    return {};
}

constexpr KeyRow<Draft> kTraceKeys[] = {
    {"enable", "pattern", set_enable, "trace events (* and ?; a leading - switches off)"},
    {"events", "file", set_events, "a file of patterns, one a line"},
    {"file", "file", set_trace_file, "record into a file instead of the log; .json for Perfetto and Chrome"},
    {"buffer", "size", set_buffer, "record in memory, this much for each vCPU (1M)"},
    {"stream", "on|off", set_stream, "off: the file gets only what the buffers hold at the end"},
};

Result<void> set_statistics_file(Draft& draft, const KeyArgument& argument) {
    if (argument.value.empty()) return fail("a file name must not be empty");
    draft.config.statistics.file = argument.value;
    draft.config.statistics.json = argument.value.ends_with(".json");
    return {};
}

// statistics_option() applies it after the file, whose name decides otherwise.
Result<void> set_statistics_format(Draft& draft, const KeyArgument& argument) {
    if (argument.value != "json" && argument.value != "table") return fail("json or table is wanted");
    draft.config.statistics.json = argument.value == "json";
    return {};
}

constexpr KeyRow<Draft> kStatisticsKeys[] = {
    {"file", "file", set_statistics_file, "where exits and their costs are written at the end"},
    {"format", "table|json", set_statistics_format, "instead of what the file's name says (.json)"},
};

}  // namespace

Result<void> trace_option(Draft& draft, const OptionUse& use) {
    const auto items = TRY(split_list(use, "enable"));
    if (wants_help(items)) {
        print_and_exit(draft, trace_events_help());
        return {};
    }
    return apply_keys<Draft>(use.name, kTraceKeys, items, draft);
}

Result<void> statistics_option(Draft& draft, const OptionUse& use) {
    auto items = TRY(split_list(use, "file"));
    if (wants_help(items)) {
        print_and_exit(draft, describe_keys<Draft>(kStatisticsKeys));
        return {};
    }
    std::ranges::stable_sort(items, {}, [](const KeyValue& item) { return item.key == "format"; });
    TRY(apply_keys<Draft>(use.name, kStatisticsKeys, items, draft));
    if (draft.config.statistics.file.empty()) return fail("-{}: file= is missing", use.name);
    return {};
}

// With file= or buffer=, what the -trace options name is recorded; otherwise it is logged, as with -d trace:.
Result<void> finish_trace(Draft& draft) {
    const machine::TraceConfig& trace = draft.config.trace;
    if (!trace.stream && trace.file.empty()) return fail("-trace stream=off: file= is missing");
    Diagnostics& diagnostics = draft.diagnostics;
    diagnostics.record_event_files = trace.record;
    auto& to = trace.record ? diagnostics.recorded_patterns : diagnostics.trace_patterns;
    if (trace.record && draft.trace_patterns.empty() && diagnostics.event_files.empty()) to.emplace_back("*");
    std::ranges::move(draft.trace_patterns, std::back_inserter(to));
    return {};
}

}  // namespace trapeze::cli
