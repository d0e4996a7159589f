// Line editing for a monitor whose terminal is at the other end of a byte stream: bytes in, echo out. The
// keys of Emacs and of every shell; history; completion. What comes back is ASCII, whatever comes in.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"

namespace trapeze::debug {

// Cuts what a terminal sends into keys: one byte; or Escape and a byte, which is Alt with that key; or the
// whole sequence of a function key, as xterm, VT220 and Linux's console send them. A control character within
// a sequence ends it and counts.
class KeyReader {
public:
    // The key that this byte completes, valid until the next call; empty if it completes none. A line feed
    // right after a carriage return belongs to it.
    std::string_view feed(u8 byte);
    void clear();

private:
    static constexpr std::size_t kLongest = 16;  // of a longer one, which is no key's, the rest is left out

    std::string key_;
    bool whole_ = false;
    bool carriage_return_ = false;
};

// All editors on one thread: libedit has state that is the whole program's.
class LineEditor {
public:
    static constexpr std::size_t kMaxLine = 512;
    static constexpr std::size_t kHistory = 100;   // lines kept
    static constexpr std::size_t kMaxShown = 100;  // completions listed at most

    // What the last word of a line could become: each begins with it.
    using Completer = std::function<std::vector<std::string>(std::string_view line)>;

    // libedit's, or a plain one where libedit cannot work. The prompt is ASCII.
    static std::unique_ptr<LineEditor> create(std::string_view prompt, Completer completer);
    virtual ~LineEditor() = default;

    // One byte from the terminal. Adds what to show to `echo`; returns the line when it is complete.
    std::optional<std::string> feed(u8 byte, std::string& echo);
    // Prompt and line, to be shown at the start of an empty line.
    virtual std::string display() = 0;
    // Forgets the line, keeps the history.
    void clear();
    // What the user should know about this editor: lines, or nothing.
    virtual std::string remark() const { return {}; }

protected:
    virtual std::optional<std::string> press(std::string_view key, std::string& echo) = 0;
    virtual void forget_line() = 0;

private:
    KeyReader keys_;
};

// Needs a pseudo-terminal: fails without /dev/ptmx, or if libedit itself cannot be set up.
Result<std::unique_ptr<LineEditor>> libedit_editor(std::string_view prompt, LineEditor::Completer completer);
// Echo, Backspace, Ctrl-U and Ctrl-C. `reason`: why it is this one.
std::unique_ptr<LineEditor> plain_editor(std::string_view prompt, std::string_view reason);

}  // namespace trapeze::debug
