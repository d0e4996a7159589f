// What the lines of the console mean: the regular expressions of -ci, and what Linux prints when it breaks.
// RE2: time linear in the length of the line, memory bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/result.h"
#include "trapeze/base/types.h"
#include "trapeze/ci/options.h"

namespace re2 {
class RE2;
}

namespace trapeze::ci {

enum class LineMeaning : u8 {
    Nothing,
    Expected,     // one of expect=
    Failed,       // one of fail=
    KernelOops,   // a message of a kernel that found itself broken
    KernelPanic,  // the last message of a kernel
};

struct LineMatch {
    LineMeaning meaning = LineMeaning::Nothing;
    std::string pattern;  // Expected, Failed
};

class Patterns {
public:
    static constexpr std::size_t kMaxPatterns = 100;  // of each kind
    static constexpr s64 kMaxMemory = 2 << 20;        // bytes per expression

    static Result<Patterns> compile(const Options& options);
    Patterns(Patterns&&) noexcept;
    ~Patterns();

    // fail= comes first, then expect=, so that a line which is expected is not held against the kernel.
    // Remembers which of expect= have matched.
    LineMatch match(std::string_view line);
    // The same for a line that may go on: only what is expected, such as a prompt, counts.
    LineMatch match_unfinished(std::string_view line);

    bool expects_anything() const { return !expect_.empty(); }
    bool all_seen() const { return missing_ == 0; }
    // Those of expect= that have not matched, for messages.
    std::vector<std::string> missing() const;

private:
    struct Expectation {
        std::unique_ptr<re2::RE2> regex;
        bool seen = false;
    };

    Patterns();
    bool match_expected(std::string_view line, LineMatch& result);

    std::vector<Expectation> expect_;
    std::vector<std::unique_ptr<re2::RE2>> fail_;
    std::unique_ptr<re2::RE2> panic_;
    std::unique_ptr<re2::RE2> oops_;
    std::size_t missing_ = 0;
};

}  // namespace trapeze::ci
