// The guest's console as lines of plain text: control sequences of terminals (ECMA-48) and control characters
// other than tab are left out.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "trapeze/base/types.h"

namespace trapeze::ci {

class LineSplitter {
public:
    // A longer line is passed on in pieces of this many bytes.
    static constexpr std::size_t kMaxLine = 4096;

    using LineCallback = std::function<void(std::string_view)>;

    explicit LineSplitter(LineCallback on_line) : on_line_(std::move(on_line)) {}

    void feed(std::span<const u8> bytes);
    // Ends the unfinished line, if there is one.
    void finish();
    // The unfinished line.
    std::string_view rest() const { return line_; }

private:
    enum class State : u8 { Text, Escape, Intermediate, Csi, String, StringEscape };

    void text(u8 byte);
    void escape(u8 byte);
    void end_line();

    const LineCallback on_line_;
    State state_ = State::Text;
    std::string line_;
};

}  // namespace trapeze::ci
