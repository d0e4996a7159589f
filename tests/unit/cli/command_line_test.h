// Helpers for the tests of this layer: command lines as text, as in a shell.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "trapeze/cli/command_line.h"

namespace trapeze::cli {

// Splits at spaces; single and double quotes keep spaces and may form an empty word.
inline std::vector<std::string> words(std::string_view line) {
    std::vector<std::string> result;
    std::string word;
    bool inside = false;
    char quote = 0;
    for (const char c : line) {
        if (quote != 0) {
            if (c == quote) {
                quote = 0;
            } else {
                word += c;
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
            inside = true;
        } else if (c != ' ') {
            word += c;
            inside = true;
        } else if (inside) {
            result.push_back(std::move(word));
            word.clear();
            inside = false;
        }
    }
    if (inside) result.push_back(std::move(word));
    return result;
}

inline Result<ParsedCommandLine> parse_words(const std::vector<std::string>& list) {
    std::vector<const char*> args;
    for (const std::string& word : list) args.push_back(word.c_str());
    return parse(args);
}

inline Result<ParsedCommandLine> parse_line(std::string_view line) {
    return parse_words(words(line));
}

// The machine that `line` plus a kernel describes; a failure of the test and a default one if it is refused.
inline RunMachine run(std::string_view line) {
    auto parsed = parse_line("-kernel Image " + std::string(line));
    if (!parsed) {
        ADD_FAILURE() << line << "\n  refused: " << parsed.error().message();
        return {};
    }
    if (auto* machine = std::get_if<RunMachine>(&*parsed)) return std::move(*machine);
    ADD_FAILURE() << line << "\n  does not run a machine";
    return {};
}

inline machine::MachineConfig config(std::string_view line) {
    return run(line).config;
}

// Why `line` plus a kernel is refused; empty if it is not.
inline std::string error(std::string_view line) {
    const auto parsed = parse_line("-kernel Image " + std::string(line));
    return parsed ? std::string() : parsed.error().message();
}

// What `line` prints instead of running; a failure of the test if it does not.
inline std::string printed(std::string_view line) {
    const auto parsed = parse_line(line);
    const auto* answer = parsed ? std::get_if<PrintAndExit>(&*parsed) : nullptr;
    if (answer == nullptr) {
        ADD_FAILURE() << line << "\n  " << (parsed ? "prints nothing" : parsed.error().message());
        return {};
    }
    EXPECT_EQ(answer->status, 0) << line;
    EXPECT_TRUE(answer->text.ends_with('\n')) << line;
    return answer->text;
}

}  // namespace trapeze::cli
