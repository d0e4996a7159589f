#include "line_splitter.h"

namespace trapeze::ci {
namespace {

constexpr u8 kEscape = 0x1b;
constexpr u8 kBell = 0x07;
constexpr u8 kDelete = 0x7f;

}  // namespace

void LineSplitter::feed(std::span<const u8> bytes) {
    for (const u8 byte : bytes) {
        switch (state_) {
            case State::Text: text(byte); break;
            case State::Escape: escape(byte); break;
            case State::Intermediate:
            case State::Csi: {
                // Parameter and intermediate bytes, then one final byte. Anything else ends the sequence, so
                // that a stray escape character does not swallow lines.
                const u8 first_final = state_ == State::Csi ? 0x40 : 0x30;
                if (byte >= 0x20 && byte < first_final) break;
                state_ = State::Text;
                if (byte < 0x20 || byte >= kDelete) text(byte);
                break;
            }
            case State::String:  // of an operating system command and the like: up to BEL or ESC \.
                if (byte == kEscape) {
                    state_ = State::StringEscape;
                } else if (byte == kBell) {
                    state_ = State::Text;
                } else if (byte == '\n') {
                    state_ = State::Text;
                    text(byte);
                }
                break;
            case State::StringEscape:
                state_ = State::Text;
                if (byte != '\\') escape(byte);
                break;
        }
    }
}

void LineSplitter::text(u8 byte) {
    if (byte == '\n') return end_line();
    if (byte == kEscape) {
        state_ = State::Escape;
        return;
    }
    if ((byte < 0x20 && byte != '\t') || byte == kDelete) return;
    line_ += static_cast<char>(byte);
    if (line_.size() == kMaxLine) end_line();
}

void LineSplitter::escape(u8 byte) {
    switch (byte) {
        case '[': state_ = State::Csi; return;
        case ']':  // operating system command
        case 'P':  // device control string
        case 'X':  // start of string
        case '^':  // privacy message
        case '_':  // application program command
            state_ = State::String;
            return;
        default: break;
    }
    state_ = byte >= 0x20 && byte < 0x30 ? State::Intermediate : State::Text;
    if (byte < 0x20 || byte >= kDelete) text(byte);
}

void LineSplitter::end_line() {
    // The callback may look at rest().
    const std::string line = std::move(line_);
    line_.clear();
    on_line_(line);
}

void LineSplitter::finish() {
    state_ = State::Text;
    if (!line_.empty()) end_line();
}

}  // namespace trapeze::ci
