#include "monitor_editor.h"

#include <utility>

namespace trapeze::debug {
namespace {

constexpr u8 kEscape = 0x1b;

}  // namespace

std::string_view KeyReader::feed(u8 byte) {
    const bool after_return = std::exchange(carriage_return_, byte == '\r');
    if (byte == '\n' && after_return) return {};
    if (std::exchange(whole_, false) || byte < 0x20) key_.clear();
    if (key_.size() < kLongest) key_ += static_cast<char>(byte);
    switch (key_.size()) {
        case 1: whole_ = byte != kEscape; break;
        case 2: whole_ = byte != '[' && byte != 'O'; break;
        // F1 to F5 of Linux's console have a second bracket: ESC [ [ A.
        case 3: whole_ = key_[1] == 'O' || (byte >= 0x40 && byte < 0x7f && byte != '['); break;
        default: whole_ = byte >= 0x40 && byte < 0x7f; break;
    }
    return whole_ ? std::string_view(key_) : std::string_view();
}

void KeyReader::clear() {
    key_.clear();
    whole_ = false;
    carriage_return_ = false;
}

std::unique_ptr<LineEditor> LineEditor::create(std::string_view prompt, Completer completer) {
    auto editor = libedit_editor(prompt, std::move(completer));
    return editor ? std::move(*editor) : plain_editor(prompt, editor.error().message());
}

std::optional<std::string> LineEditor::feed(u8 byte, std::string& echo) {
    const std::string_view key = keys_.feed(byte);
    if (key.empty()) return std::nullopt;
    return press(key, echo);
}

void LineEditor::clear() {
    keys_.clear();
    forget_line();
}

}  // namespace trapeze::debug
