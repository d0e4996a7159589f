// The scripts of pty_driver: one command per line, "WORD ARGUMENT". Empty lines and lines that begin with #
// do nothing.
#pragma once

#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace trapeze::linux_tests {

struct Step {
    int line = 0;
    std::string word;
    std::string argument;  // as written: blanks inside count, those around it do not
};

std::vector<Step> read_script(std::istream& in);

// Replaces \r \n \t \e \\ and \xNN. Anything else after a backslash stays as it is.
std::string unescape(std::string_view text);

// For people: control characters other than line ends as \xNN.
std::string printable(std::string_view text);

}  // namespace trapeze::linux_tests
