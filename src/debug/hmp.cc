#include "trapeze/debug/hmp.h"

#include <algorithm>

#include "hmp_command.h"
#include "hmp_expression.h"
#include "hmp_registers.h"

namespace trapeze::debug {
namespace {

// Longer than any command; a word of an error message is cut to it as well.
constexpr std::size_t kMaxLine = 4096;
constexpr std::size_t kShownWord = 80;

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view skip_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    return text;
}

std::string_view trim(std::string_view text) {
    text = skip_blanks(text);
    while (!text.empty() && (is_blank(text.back()) || text.back() == '\r' || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

// The word at the front of `text`, which loses it. In double quotes it may hold blanks.
Result<std::string> take_word(std::string_view& text) {
    text = skip_blanks(text);
    if (text.starts_with('"')) {
        const std::size_t end = text.find('"', 1);
        if (end == std::string_view::npos) return fail("a closing quote is missing");
        const std::string word(text.substr(1, end - 1));
        text.remove_prefix(end + 1);
        return word;
    }
    const std::size_t length = std::min(text.find_first_of(" \t"), text.size());
    const std::string word(text.substr(0, length));
    text.remove_prefix(length);
    return word;
}

const HmpCommand* find(std::span<const HmpCommand> rows, std::string_view name) {
    for (const HmpCommand& row : rows) {
        if (name == row.name || (!row.alias.empty() && name == row.alias)) return &row;
    }
    return nullptr;
}

// The characters after '/'.
Result<HmpFormat> parse_format(std::string_view text) {
    HmpFormat format;
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits > 9) return fail("the count is too large");
    if (digits != 0) format.count = std::stoul(std::string(text.substr(0, digits)));
    for (const char c : text.substr(digits)) {
        switch (c) {
            case 'x':
            case 'd':
            case 'u':
            case 'o':
            case 'c': format.radix = c; break;
            case 'b': format.size = 1; break;
            case 'h': format.size = 2; break;
            case 'w': format.size = 4; break;
            case 'g': format.size = 8; break;
            case 'i': return fail("instructions are not disassembled; gdb does that");
            default: return fail("invalid char in format: '{}'", c);
        }
    }
    if (format.radix == 'c') format.size = 1;
    return format;
}

std::string usage(const HmpCommand& row) {
    return fmt::format("usage: {}{}{}", row.name, row.arguments.empty() ? "" : " ", row.arguments);
}

// Fills the call from what follows the command's name, by the row's grammar.
Result<> parse_arguments(const HmpCommand& row, std::string_view text, HmpCall& call) {
    for (const HmpArgument argument : row.grammar) {
        if (argument == HmpArgument::Format) {
            if (!skip_blanks(text).starts_with('/')) continue;
            text = skip_blanks(text).substr(1);
            const std::size_t length = std::min(text.find_first_of(" \t"), text.size());
            call.format = TRY(parse_format(text.substr(0, length)));
            text.remove_prefix(length);
            continue;
        }
        text = skip_blanks(text);
        switch (argument) {
            case HmpArgument::Format: break;
            case HmpArgument::Flag:
                if (text.starts_with('-')) {
                    const std::string flag = TRY(take_word(text));
                    if (!row.arguments.starts_with("[" + flag + "]")) return fail("{}", usage(row));
                    call.flags = true;
                }
                break;
            case HmpArgument::OptionalExpression:
                if (text.empty()) break;
                [[fallthrough]];
            case HmpArgument::Expression:
                if (text.empty()) return fail("{}", usage(row));
                call.numbers.push_back(TRY(take_expression(text, [&](std::string_view name) {
                    return named_register(call.machine, call.monitor.cpu(), name);
                })));
                break;
            case HmpArgument::Word:
                if (text.empty()) return fail("{}", usage(row));
                call.words.push_back(TRY(take_word(text)));
                break;
            case HmpArgument::OptionalWord:
                if (!text.empty()) call.words.push_back(TRY(take_word(text)));
                break;
            case HmpArgument::Rest:
                if (!text.empty()) call.words.emplace_back(text);
                text = {};
                break;
        }
    }
    if (!skip_blanks(text).empty()) return fail("{}: extraneous characters at the end of line", row.name);
    return {};
}

std::string run(const HmpCommand& row, std::string_view arguments, MachineControl& machine, Hmp& monitor) {
    HmpCall call{.machine = machine, .monitor = monitor, .numbers = {}, .words = {}, .format = {}};
    Result<> parsed;
    const auto parse = [&] { parsed = parse_arguments(row, arguments, call); };
    // Only expressions read registers.
    const auto reads_registers = [](HmpArgument argument) {
        return argument == HmpArgument::Expression || argument == HmpArgument::OptionalExpression;
    };
    if (std::ranges::any_of(row.grammar, reads_registers)) {
        machine.inspect(parse);
    } else {
        parse();
    }
    if (!parsed) return parsed.error().message() + "\n";
    HmpResult result = row.run(call);
    return result ? std::move(*result) : result.error().message() + "\n";
}

std::string_view take_name(std::string_view& text) {
    const std::size_t length = std::min(text.find_first_of(" \t/"), text.size());
    const std::string_view name = text.substr(0, length);
    text.remove_prefix(length);
    return name;
}

}  // namespace

bool Hmp::select_cpu(std::size_t index) {
    if (index >= machine_.cpu_count()) return false;
    cpu_ = index;
    return true;
}

std::string Hmp::execute(std::string_view line) {
    std::string_view text = trim(line);
    if (text.size() > kMaxLine) return "the command is too long\n";
    if (text.empty()) return {};
    const std::string_view name = take_name(text);
    const HmpCommand* row = find(hmp_commands(), name);
    if (row != nullptr && row->name == "info" && !skip_blanks(text).empty()) {
        text = skip_blanks(text);
        const std::string_view subject = take_name(text);
        row = find(hmp_info_subjects(), subject);
        if (row == nullptr) return fmt::format("unknown command: 'info {}'\n", subject.substr(0, kShownWord));
    }
    if (row == nullptr) return fmt::format("unknown command: '{}'\n", name.substr(0, kShownWord));
    return run(*row, text, machine_, *this);
}

std::vector<std::string> Hmp::complete(std::string_view line) const {
    std::string_view text = skip_blanks(line);
    std::vector<std::string> known;
    const auto names_of = [&](std::span<const HmpCommand> rows) {
        for (const HmpCommand& row : rows) known.emplace_back(row.name);
    };
    std::span<const HmpCommand> rows = hmp_commands();
    const HmpCommand* row = nullptr;
    for (;;) {
        const std::size_t blank = text.find_first_of(" \t");
        if (blank == std::string_view::npos) break;
        if (row == nullptr || row->name == "info" || row->name == "help") {
            row = find(rows, text.substr(0, blank));
            if (row == nullptr) return {};
            if (row->name == "info") rows = hmp_info_subjects();
        }
        text = skip_blanks(text.substr(blank));
    }
    if (row == nullptr || row->name == "info" || row->name == "help") {
        names_of(rows);
    } else if (row->candidates != nullptr) {
        known = row->candidates();
    }
    std::erase_if(known, [&](const std::string& word) { return !word.starts_with(text); });
    std::ranges::sort(known);
    return known;
}

}  // namespace trapeze::debug
