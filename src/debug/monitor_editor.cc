#include "monitor_editor.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace trapeze::debug {
namespace {

constexpr u8 ctrl(char letter) {
    return static_cast<u8>(letter & 0x1f);
}

std::string common_prefix(const std::vector<std::string>& words) {
    std::string prefix = words.front();
    for (const std::string& word : words) {
        const auto end = std::ranges::mismatch(prefix, word).in1;
        prefix.erase(end, prefix.end());
    }
    return prefix;
}

}  // namespace

std::optional<std::string> LineEditor::feed(u8 byte, std::string& echo) {
    const bool after_return = std::exchange(carriage_return_, byte == '\r');
    if (byte == '\n' && after_return) return std::nullopt;
    if (escape_ != Escape::None) {
        escape_sequence(byte, echo);
        return std::nullopt;
    }
    if (byte < 0x20 || byte == 0x7f) return control(byte, echo);
    const char c = static_cast<char>(byte);
    if (byte < 0x7f) insert({&c, 1}, echo);
    return std::nullopt;
}

std::optional<std::string> LineEditor::control(u8 byte, std::string& echo) {
    switch (byte) {
        case '\r':
        case '\n': return finish(echo);
        case 0x1b: escape_ = Escape::Seen; break;
        case '\t': complete(echo); break;
        case 0x7f:
        case '\b':
            if (cursor_ != 0) erase(cursor_ - 1, cursor_, echo);
            break;
        case ctrl('A'): move_to(0, echo); break;
        case ctrl('B'): move_to(cursor_ == 0 ? 0 : cursor_ - 1, echo); break;
        case ctrl('C'):
            clear();
            echo += "\n" + prompt_;
            break;
        case ctrl('D'): erase(cursor_, std::min(cursor_ + 1, line_.size()), echo); break;
        case ctrl('E'): move_to(line_.size(), echo); break;
        case ctrl('F'): move_to(std::min(cursor_ + 1, line_.size()), echo); break;
        case ctrl('K'): erase(cursor_, line_.size(), echo); break;
        case ctrl('L'):
            echo += "\x1b[H\x1b[2J";
            redraw(echo);
            break;
        case ctrl('N'): recall(false, echo); break;
        case ctrl('P'): recall(true, echo); break;
        case ctrl('U'): erase(0, cursor_, echo); break;
        case ctrl('W'): erase(word_start(), cursor_, echo); break;
        default: break;
    }
    return std::nullopt;
}

// The arrows and their neighbours, as xterm and the Linux console send them.
void LineEditor::escape_sequence(u8 byte, std::string& echo) {
    if (escape_ == Escape::Seen) {
        escape_number_ = 0;
        escape_ = byte == '[' ? Escape::Csi : byte == 'O' ? Escape::Ss3 : Escape::None;
        return;
    }
    if (escape_ == Escape::Csi && byte >= '0' && byte <= '9') {
        escape_number_ = std::min(escape_number_ * 10 + (byte - '0'), 1000u);
        return;
    }
    if (escape_ == Escape::Csi && byte == ';') return;
    escape_ = Escape::None;
    switch (byte) {
        case 'A': control(ctrl('P'), echo); break;
        case 'B': control(ctrl('N'), echo); break;
        case 'C': control(ctrl('F'), echo); break;
        case 'D': control(ctrl('B'), echo); break;
        case 'F': control(ctrl('E'), echo); break;
        case 'H': control(ctrl('A'), echo); break;
        case '~':
            if (escape_number_ == 1 || escape_number_ == 7) control(ctrl('A'), echo);
            if (escape_number_ == 3) control(ctrl('D'), echo);
            if (escape_number_ == 4 || escape_number_ == 8) control(ctrl('E'), echo);
            break;
        default: break;
    }
}

void LineEditor::insert(std::string_view text, std::string& echo) {
    text = text.substr(0, kMaxLine - std::min(kMaxLine, line_.size()));
    const bool at_end = cursor_ == line_.size();
    line_.insert(cursor_, text);
    cursor_ += text.size();
    if (at_end) {
        echo += text;
    } else {
        redraw(echo);
    }
}

void LineEditor::erase(std::size_t from, std::size_t to, std::string& echo) {
    if (from >= to) return;
    const bool last = to == line_.size() && from + 1 == to && cursor_ == to;
    line_.erase(from, to - from);
    cursor_ = from;
    if (last) {
        echo += "\b \b";
    } else {
        redraw(echo);
    }
}

void LineEditor::move_to(std::size_t position, std::string& echo) {
    if (position < cursor_) echo += fmt::format("\x1b[{}D", cursor_ - position);
    if (position > cursor_) echo += fmt::format("\x1b[{}C", position - cursor_);
    cursor_ = position;
}

void LineEditor::redraw(std::string& echo) const {
    echo += "\r" + display() + "\x1b[K";
    if (cursor_ != line_.size()) echo += fmt::format("\x1b[{}D", line_.size() - cursor_);
}

void LineEditor::recall(bool older, std::string& echo) {
    if (older ? recalled_ == history_.size() : recalled_ == 0) return;
    if (recalled_ == 0) typed_ = line_;
    recalled_ += older ? 1 : std::size_t(-1);
    line_ = recalled_ == 0 ? typed_ : history_[history_.size() - recalled_];
    cursor_ = line_.size();
    redraw(echo);
}

// Completes as far as it is clear, and shows the choices when it is not.
void LineEditor::complete(std::string& echo) {
    const std::string before = line_.substr(0, cursor_);
    const std::size_t start = before.find_last_of(" \t") + 1;  // 0 if there is none
    const std::vector<std::string> words = completer_(before);
    if (words.empty()) return;
    const std::string typed = before.substr(start);
    std::string addition = common_prefix(words).substr(typed.size());
    if (words.size() == 1) addition += ' ';
    if (!addition.empty()) {
        insert(addition, echo);
        return;
    }
    echo += '\n';
    for (std::size_t n = 0; n < std::min(words.size(), kMaxShown); ++n) echo += words[n] + "  ";
    if (words.size() > kMaxShown) echo += "...";
    echo += '\n';
    redraw(echo);
}

std::string LineEditor::finish(std::string& echo) {
    echo += '\n';
    std::string line = line_;
    clear();
    if (!line.empty() && (history_.empty() || history_.back() != line)) {
        history_.push_back(line);
        if (history_.size() > kHistory) history_.pop_front();
    }
    return line;
}

std::size_t LineEditor::word_start() const {
    std::size_t at = cursor_;
    while (at != 0 && line_[at - 1] == ' ') --at;
    while (at != 0 && line_[at - 1] != ' ') --at;
    return at;
}

std::string LineEditor::display() const {
    return prompt_ + line_;
}

void LineEditor::clear() {
    line_.clear();
    cursor_ = 0;
    recalled_ = 0;
    escape_ = Escape::None;
}

}  // namespace trapeze::debug
