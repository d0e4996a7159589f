// Line editing for a monitor whose terminal is at the other end of a byte stream: bytes in, echo out. The
// keys of Emacs and of every shell; history; completion. Speaks ANSI, and plain echo as long as only
// appending is done.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::debug {

class LineEditor {
public:
    static constexpr std::size_t kMaxLine = 512;
    static constexpr std::size_t kHistory = 100;   // lines kept
    static constexpr std::size_t kMaxShown = 100;  // completions listed at most

    // What the last word of a line could become.
    using Completer = std::function<std::vector<std::string>(std::string_view line)>;

    LineEditor(std::string prompt, Completer completer)
        : prompt_(std::move(prompt)), completer_(std::move(completer)) {}

    // One byte from the terminal. Adds what to show to `echo`; returns the line when it is complete.
    std::optional<std::string> feed(u8 byte, std::string& echo);

    // Prompt and line, to be shown at the start of an empty line.
    std::string display() const;
    // Forgets the line, keeps the history.
    void clear();

private:
    enum class Escape : u8 { None, Seen, Csi, Ss3 };

    std::optional<std::string> control(u8 byte, std::string& echo);
    void escape_sequence(u8 byte, std::string& echo);
    void insert(std::string_view text, std::string& echo);
    void erase(std::size_t from, std::size_t to, std::string& echo);
    void move_to(std::size_t position, std::string& echo);
    void redraw(std::string& echo) const;
    void recall(bool older, std::string& echo);
    void complete(std::string& echo);
    std::string finish(std::string& echo);
    std::size_t word_start() const;

    const std::string prompt_;
    const Completer completer_;
    std::string line_;
    std::size_t cursor_ = 0;
    Escape escape_ = Escape::None;
    unsigned escape_number_ = 0;
    bool carriage_return_ = false;  // a line feed right after it belongs to it
    std::deque<std::string> history_;
    std::size_t recalled_ = 0;  // lines back from the newest; 0: the line being typed
    std::string typed_;         // that line, while another is shown
};

}  // namespace trapeze::debug
