// The table of the human monitor's commands, and those that act on the machine and the log.
#include <algorithm>

#include "hmp_command.h"
#include "hmp_expression.h"
#include "trapeze/base/log.h"

namespace trapeze::debug {
namespace {

using enum HmpArgument;

struct LogItem {
    std::string_view name;
    LogClass log_class;
};
constexpr LogItem kLogItems[] = {{"guest_errors", LogClass::GuestErrors}, {"unimp", LogClass::Unimp}};

HmpResult log(HmpCall& call) {
    if (call.words.empty())
        return fail(
            "usage: log item[,...], where items are guest_errors, unimp, trace:pattern "
            "or none");
    std::vector<std::string> items;
    std::string_view rest = call.words[0];
    while (!rest.empty()) {
        const std::size_t length = std::min(rest.find(','), rest.size());
        items.emplace_back(rest.substr(0, length));
        rest.remove_prefix(std::min(length + 1, rest.size()));
    }
    // Nothing changes if anything is wrong.
    for (const std::string& item : items) {
        const bool known = item == "none" || item.starts_with("trace:") ||
                           std::ranges::find(kLogItems, item, &LogItem::name) != std::end(kLogItems);
        if (!known) return fail("unknown log item '{}'", item);
    }
    for (const LogItem& item : kLogItems) set_log_enabled(item.log_class, false);
    for (const std::string& name : items) {
        if (name.starts_with("trace:") && TraceEvent::enable(name.substr(6), TraceTo::Log) == 0)
            return fail("no trace event matches '{}'", name.substr(6));
        for (const LogItem& item : kLogItems) {
            if (item.name == name) set_log_enabled(item.log_class, true);
        }
    }
    return "";
}

std::vector<std::string> log_items() {
    std::vector<std::string> names = {"none"};
    for (const LogItem& item : kLogItems) names.emplace_back(item.name);
    for (const TraceEvent* event : TraceEvent::all()) names.push_back(fmt::format("trace:{}", event->name()));
    return names;
}

// "trace-event PATTERN on|off"
HmpResult trace_event(HmpCall& call) {
    const std::string& pattern = call.words[0];
    const std::string& state = call.words[1];
    if (state != "on" && state != "off") return fail("'{}' is neither on nor off", state);
    if (pattern.starts_with('-') || TraceEvent::enable((state == "off" ? "-" : "") + pattern) == 0)
        return fail("no trace event matches '{}'", pattern);
    return "";
}

std::vector<std::string> trace_event_names() {
    std::vector<std::string> names;
    for (const TraceEvent* event : TraceEvent::all()) names.emplace_back(event->name());
    return names;
}

HmpResult catch_traps(HmpCall& call) {
    return call.machine.catch_traps(call.words.empty() ? std::string_view() : call.words[0]);
}

HmpResult cont(HmpCall& call) {
    TRY(call.machine.cont());
    return "";
}

HmpResult cpu(HmpCall& call) {
    if (!call.monitor.select_cpu(call.numbers[0])) return fail("invalid CPU index");
    return "";
}

HmpResult nmi(HmpCall& call) {
    TRY(call.machine.inject_nmi());
    return "";
}

HmpResult quit(HmpCall& call) {
    call.machine.quit(ShutdownCause::HostUi);
    return "";
}

// A calculation without registers: reading them would pause the machine.
Result<u64> number(std::string_view word) {
    std::string_view rest = word;
    const u64 value = TRY(take_expression(rest, [](std::string_view) { return std::nullopt; }));
    if (!rest.empty()) return fail("'{}' is no number", word);
    return value;
}

HmpResult sdei_inject(HmpCall& call) {
    const u64 event = TRY(number(call.words[0]));
    std::optional<std::size_t> cpu;
    if (call.words.size() > 1) cpu = TRY(number(call.words[1]));
    if (event > 0xffff'ffff) return fail("there is no event {:#x}", event);
    std::string note = TRY(call.machine.inject_sdei_event(static_cast<u32>(event), cpu, call.monitor.cpu()));
    if (!note.empty()) note += "\n";
    return note;
}

HmpResult stop(HmpCall& call) {
    call.machine.stop();
    return "";
}

HmpResult system_powerdown(HmpCall& call) {
    call.machine.system_powerdown();
    return "";
}

HmpResult system_reset(HmpCall& call) {
    call.machine.system_reset(ShutdownCause::HostUi);
    return "";
}

// Reached without a subject only: execute() looks at those.
HmpResult info(HmpCall&) {
    std::string text;
    for (const HmpCommand& row : hmp_info_subjects())
        text += fmt::format("info {}{}{} -- {}\n", row.name, row.arguments.empty() ? "" : " ", row.arguments,
                            row.help);
    return text;
}

const std::vector<HmpCommand> kCommands = {
    {"at",
     "",
     "op addr [vcpu]",
     "what an AT instruction does: at s1e1r $pc",
     {Word, Expression, OptionalExpression},
     &hmp_at,
     &hmp_at_operations},
    {"balloon", "", "target", "ask the guest to have so many MiB of memory", {Word}, &hmp_balloon},
    {"catch", "", "[trap ...]", "stop the vCPU at traps of this kind", {Rest}, &catch_traps},
    {"cont", "c", "", "resume emulation", {}, &cont},
    {"cpu", "", "index", "use this vCPU's registers and addresses", {Expression}, &cpu},
    {"dump-guest-memory",
     "",
     "[-p] file",
     "write an ELF core of the machine",
     {Flag, Word},
     &hmp_dump_guest_memory},
    {"gva2gpa", "", "addr", "show the guest physical address of a virtual one", {Expression}, &hmp_gva2gpa},
    {"help", "?", "[command]", "show this list, or one command", {OptionalWord}, &hmp_help},
    {"hostfwd_add",
     "",
     "[netdev] rule",
     "lead a port of the host to the guest: tcp::2222-:22",
     {Word, OptionalWord},
     &hmp_hostfwd_add},
    {"hostfwd_remove",
     "",
     "[netdev] [tcp|udp]:[addr]:port",
     "and no longer",
     {Word, OptionalWord},
     &hmp_hostfwd_remove},
    {"info", "", "[subject]", "show something about the machine; alone: the subjects", {}, &info},
    {"log",
     "",
     "item[,...]",
     "log guest_errors, unimp, trace:pattern or none",
     {OptionalWord},
     &log,
     &log_items},
    {"memsave",
     "",
     "addr size file",
     "save virtual memory to a file",
     {Expression, Expression, Word},
     &hmp_memsave},
    {"nmi", "", "", "raise SDEI event 0 on every vCPU", {}, &nmi},
    {"pmemsave",
     "",
     "addr size file",
     "save physical memory to a file",
     {Expression, Expression, Word},
     &hmp_pmemsave},
    {"print", "p", "/fmt expr", "calculate: p $pc + 4", {Format, Expression}, &hmp_print},
    {"quit", "q", "", "end the machine and the program", {}, &quit},
    {"ringbuf_read",
     "",
     "device size",
     "take output out of a ring buffer",
     {Word, Expression},
     &hmp_ringbuf_read},
    {"ringbuf_write", "", "device data", "add to a ring buffer", {Word, Rest}, &hmp_ringbuf_write},
    {"sdei-inject",
     "",
     "event [vcpu]",
     "raise an SDEI event, on this vCPU or the current one",
     {Word, OptionalWord},
     &sdei_inject},
    {"set_link", "", "name on|off", "plug a network cable in, or pull it out", {Word, Word}, &hmp_set_link},
    {"stop", "s", "", "pause the machine", {}, &stop},
    {"system_powerdown", "", "", "press the power button", {}, &system_powerdown},
    {"system_reset", "", "", "reset the machine", {}, &system_reset},
    {"trace-event",
     "",
     "pattern on|off",
     "switch trace events",
     {Word, Word},
     &trace_event,
     &trace_event_names},
    {"x", "", "/fmt addr", "show virtual memory: x/4xg $sp", {Format, Expression}, &hmp_examine_virtual},
    {"xp",
     "",
     "/fmt addr",
     "show physical memory: xp/8xb 0x40000000",
     {Format, Expression},
     &hmp_examine_physical},
};

}  // namespace

std::span<const HmpCommand> hmp_commands() {
    return kCommands;
}

HmpResult hmp_help(HmpCall& call) {
    std::string text;
    for (const HmpCommand& row : kCommands) {
        if (!call.words.empty() && call.words[0] != row.name && call.words[0] != row.alias) continue;
        if (!call.words.empty() && row.name == "info") return info(call);
        std::string head(row.name);
        if (!row.alias.empty()) head += fmt::format("|{}", row.alias);
        text +=
            fmt::format("{}{}{} -- {}\n", head, row.arguments.empty() ? "" : " ", row.arguments, row.help);
    }
    if (text.empty()) return fail("unknown command: '{}'", call.words[0]);
    return text;
}

}  // namespace trapeze::debug
