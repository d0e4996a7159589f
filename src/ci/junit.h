// The result as a JUnit XML file with one test case, in the form that CI systems read.
#pragma once

#include <string>
#include <string_view>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/ci/verdict.h"

namespace trapeze::ci {

struct JunitCase {
    std::string name = {};
    Verdict verdict = Verdict::InternalError;
    std::string message = {};  // why, in a sentence
    std::string details = {};  // lines; empty: none
    std::string console = {};  // the last lines of it
    u64 duration_ns = 0;
};

// The whole file. Anything may be in the strings.
std::string junit_xml(const JunitCase& test);

// `text` as UTF-8 without the characters that XML 1.0 ("Characters") does not have: what is not UTF-8 becomes
// U+FFFD, control characters are left out.
std::string xml_text(std::string_view text);

// Writes a file so that it is there in whole or not at all.
Result<> replace_file(const std::string& path, std::string_view content);
// Whether replace_file() can be expected to work, before there is anything to write. Removes an old file, so
// that nobody takes it for a new one.
Result<> prepare_file(const std::string& path);

}  // namespace trapeze::ci
