// What -ci asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trapeze/base/types.h"

namespace trapeze::ci {

struct Options {
    std::string name = {};                 // of the test case: the machine's
    std::vector<std::string> expect = {};  // regular expressions; all have to be seen
    std::vector<std::string> fail = {};    // regular expressions; none may be seen
    bool kernel_patterns = true;           // what Linux prints when it breaks is a failure, too
    bool trace = false;                    // trace events are recorded: the report has the last ones
    std::optional<u64> timeout_seconds = std::nullopt;  // host time from the start of the guest
    std::string log = {}, junit = {}, symbols = {};     // files; empty: none
};

}  // namespace trapeze::ci
