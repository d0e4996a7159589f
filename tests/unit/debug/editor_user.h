// A line editor and what its user types and sees.
#pragma once

#include <string>
#include <vector>

#include "monitor_editor.h"
#include "screen.h"

namespace trapeze::debug {

using Lines = std::vector<std::string>;

inline constexpr std::string_view kPrompt = "(test) ";

// What the last word of a line could become.
inline Lines complete(std::string_view line) {
    const std::string_view word = line.substr(line.find_last_of(' ') + 1);
    Lines words;
    for (const char* candidate : {"info", "inject", "stop"}) {
        if (std::string_view(candidate).starts_with(word)) words.emplace_back(candidate);
    }
    return words;
}

// An editor, and what its user sees.
class User {
public:
    explicit User(std::size_t columns = 80, std::unique_ptr<LineEditor> other = nullptr)
        : editor(other ? std::move(other) : LineEditor::create(kPrompt, complete)), screen(columns) {
        screen.show(editor->display());
    }

    // The lines that were completed.
    Lines type(std::string_view text) {
        Lines lines;
        for (const char c : text) {
            std::string echo;
            const auto line = editor->feed(static_cast<u8>(c), echo);
            screen.show(echo);
            if (!line) continue;
            lines.push_back(*line);
            screen.show(editor->display());
        }
        return lines;
    }
    std::string last_row() const { return screen.rows().empty() ? "" : screen.rows().back(); }

    std::unique_ptr<LineEditor> editor;
    Screen screen;
};

}  // namespace trapeze::debug
