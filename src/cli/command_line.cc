#include "trapeze/cli/command_line.h"

#include "option_table.h"

namespace trapeze::cli {
namespace {

// "-option value", for the front of a message.
std::string spelling(const OptionRow& row, std::string_view argument) {
    if (row.argument == Argument::None) return fmt::format("-{}", row.name);
    return fmt::format("-{} {}", row.name, argument.empty() ? "''" : show(argument));
}

Result<const OptionRow*> match_option(std::string_view word) {
    if (!word.starts_with('-')) {
        return fail("'{}': not an option, and {}", show(word), not_supported("disk images"));
    }
    const std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
    if (const OptionRow* row = find_option(name)) return row;
    return fail("{}: unknown option{}", show(word), option_hint(name));
}

// Decisions that need all options.
Result<void> finish(Draft& draft) {
    TRY(finish_machine(draft));
    TRY(finish_accels(draft));
    TRY(finish_smp(draft));
    TRY(finish_memory(draft));
    TRY(finish_devices(draft));
    TRY(finish_console(draft));
    TRY(finish_gdb(draft));
    TRY(finish_ci(draft));
    TRY(finish_trace(draft));
    return {};
}

}  // namespace

Result<ParsedCommandLine> parse(std::span<const char* const> args) {
    Draft draft;
    for (std::size_t i = 0; i < args.size(); ++i) {
        const OptionRow* row = TRY(match_option(args[i]));
        std::string_view argument;
        if (row->argument != Argument::None) {
            if (++i == args.size()) return fail("-{}: an argument is missing", row->name);
            argument = args[i];
        }
        auto handled = row->handle(draft, {.name = row->name, .argument = argument, .help = row->help});
        if (row->argument != Argument::List) {
            handled = with_context(std::move(handled), spelling(*row, argument));
        }
        TRY(std::move(handled));
        if (draft.answer) return *std::move(draft.answer);
    }
    TRY(finish(draft));
    return RunMachine{.config = std::move(draft.config),
                      .diagnostics = std::move(draft.diagnostics),
                      .warnings = std::move(draft.warnings)};
}

}  // namespace trapeze::cli
