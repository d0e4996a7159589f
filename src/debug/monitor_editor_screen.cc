#include "monitor_editor_screen.h"

#include <fmt/core.h>

#include <utility>

namespace trapeze::debug {
namespace {

constexpr char kClearToEnd[] = "\x1b";
constexpr char kUp[] = "\x1c";
constexpr char kClearScreen[] = "\x1d";
constexpr char kToColumn[] = "\x1e";  // the next byte says which, counted from a space on

// What libedit's terminal has, by the names of termcap(5). What it does not have, libedit does without.
struct Capability {
    std::string_view name;
    int number;  // or flag
    const char* control;
};
constexpr unsigned kColumns = 80;
constexpr Capability kTerminal[] = {
    {"co", kColumns, nullptr},  //
    {"li", 24, nullptr},        // rows: more than the lines that fit in libedit's buffer have
    {"am", 1, nullptr},         // from the last column the cursor goes to the next row at once
    {"ce", 0, kClearToEnd},     //
    {"up", 0, kUp},             //
    {"cl", 0, kClearScreen},    //
    {"ch", 0, kToColumn},       //
};

const Capability* find(std::string_view name) {
    for (const Capability& row : kTerminal) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace

void ScreenWriter::draw(std::string_view text, std::string& shown) {
    for (const char c : text) {
        if (std::exchange(column_follows_, c == kToColumn[0] && !column_follows_)) {
            column_ = static_cast<unsigned>(c - ' ');
            continue;
        }
        switch (c) {
            case kClearToEnd[0]:
                place_cursor(shown);
                shown += "\x1b[K";
                break;
            case kUp[0]: shown += "\x1b[A"; break;
            case kClearScreen[0]:
                shown += "\x1b[H\x1b[2J";
                at_start();
                break;
            case kToColumn[0]: break;
            case '\a': shown += c; break;
            case '\b': column_ -= column_ == 0 ? 0 : 1; break;
            case '\r': column_ = 0; break;
            case '\n':
                shown += c;
                at_start();
                break;
            default:
                place_cursor(shown);
                shown += c;
                cursor_ = ++column_;
                if (column_ < kColumns) break;
                shown += '\n';
                at_start();
                break;
        }
    }
}

void ScreenWriter::place_cursor(std::string& shown) {
    const unsigned from = std::exchange(cursor_, column_);
    if (column_ + 1 == from) {
        shown += '\b';
    } else if (column_ < from) {
        shown += fmt::format("\x1b[{}D", from - column_);
    } else if (column_ > from) {
        shown += fmt::format("\x1b[{}C", column_ - from);
    }
}

}  // namespace trapeze::debug

// termcap(3) as far as libedit calls it, in the place of libtinfo's.
extern "C" {

int tgetent(char* /*buffer*/, const char* /*name*/) {
    return 1;
}

int tgetnum(const char* name) {
    const auto* capability = trapeze::debug::find(name);
    return capability ? capability->number : -1;
}

int tgetflag(const char* name) {
    return tgetnum(name) == 1 ? 1 : 0;
}

char* tgetstr(const char* name, char** /*area*/) {
    const auto* capability = trapeze::debug::find(name);
    return capability ? const_cast<char*>(capability->control) : nullptr;
}

// Valid until the next call.
char* tgoto(const char* control, int column, int /*row*/) {
    thread_local char text[3];
    text[0] = control[0];
    text[1] = static_cast<char>(' ' + column);
    return text;
}

int tputs(const char* text, int /*lines*/, int (*put)(int)) {
    for (; *text != 0; ++text) put(*text);
    return 0;
}
}
