// The line editor for when there is no pseudo-terminal, as in an initramfs that has not mounted /dev/pts.
#include <fmt/core.h>

#include <utility>

#include "monitor_editor.h"

namespace trapeze::debug {
namespace {

class PlainEditor final : public LineEditor {
public:
    PlainEditor(std::string_view prompt, std::string_view reason) : prompt_(prompt), reason_(reason) {}

    std::string display() override { return prompt_ + line_; }
    std::string remark() const override { return fmt::format("(no line editing: {})\n", reason_); }

private:
    std::optional<std::string> press(std::string_view key, std::string& echo) override;
    void forget_line() override { line_.clear(); }

    const std::string prompt_;
    const std::string reason_;
    std::string line_;
};

std::optional<std::string> PlainEditor::press(std::string_view key, std::string& echo) {
    if (key.size() != 1) return std::nullopt;
    switch (const char c = key.front()) {
        case '\r':
        case '\n': echo += '\n'; return std::exchange(line_, {});
        case '\b':
        case '\x7f':
            if (line_.empty()) break;
            line_.pop_back();
            echo += "\b \b";
            break;
        case '\x03':  // Ctrl-C
        case '\x15':  // Ctrl-U
            line_.clear();
            echo += "\n" + prompt_;
            break;
        default:
            if (c < ' ' || c > '~' || line_.size() >= kMaxLine) break;
            line_ += c;
            echo += c;
            break;
    }
    return std::nullopt;
}

}  // namespace

std::unique_ptr<LineEditor> plain_editor(std::string_view prompt, std::string_view reason) {
    return std::make_unique<PlainEditor>(prompt, reason);
}

}  // namespace trapeze::debug
