// The screen of the line editor.
#pragma once

#include <string>
#include <string_view>

namespace trapeze::debug {

// Makes of the terminal that libedit draws on, which is simple, what is right on every ECMA-48 terminal with
// 80 columns or more. Those do not go to the next row at once: they wait for another character, or are wider.
//
// The other half of it answers for termcap(3), by which libedit asks about its terminal: there is only this
// one, whatever $TERM is, which is about another, and whether or not there is a database.
class ScreenWriter {
public:
    // Adds to `shown` what libedit draws.
    void draw(std::string_view text, std::string& shown);
    // Puts the cursor where libedit has it. Before that it may be elsewhere in its row.
    void place_cursor(std::string& shown);
    // libedit takes the cursor to be in the first column.
    void at_start() { column_ = cursor_ = 0; }

private:
    unsigned column_ = 0;  // as libedit sees it
    unsigned cursor_ = 0;  // as it is
    bool column_follows_ = false;
};

}  // namespace trapeze::debug
