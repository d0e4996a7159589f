#include "patterns.h"

#include <re2/re2.h>

namespace trapeze::ci {
namespace {

constexpr const char* kPanic = "Kernel panic - not syncing";
// arm64's die() and page fault handler, BUG_ON(), and the detectors that print "BUG: what happened".
constexpr const char* kOops = R"(Internal error: .*\[#\d+\]|kernel BUG at |Unable to handle kernel |\bBUG: )";

Result<std::unique_ptr<re2::RE2>> compile_one(std::string_view key, const std::string& pattern) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(Patterns::kMaxMemory);
    auto regex = std::make_unique<re2::RE2>(pattern, options);
    if (!regex->ok()) {
        return fail("-ci {}={}: not a regular expression: {}", key, pattern, regex->error());
    }
    // It would match whatever the guest does.
    if (pattern.empty()) return fail("-ci {}=: a regular expression must not be empty", key);
    return regex;
}

re2::StringPiece piece(std::string_view text) {
    return {text.data(), text.size()};
}

bool matches(const re2::RE2& regex, std::string_view line) {
    return re2::RE2::PartialMatch(piece(line), regex);
}

}  // namespace

Patterns::Patterns() = default;
Patterns::Patterns(Patterns&&) noexcept = default;
Patterns::~Patterns() = default;

Result<Patterns> Patterns::compile(const Options& options) {
    if (options.expect.size() > kMaxPatterns || options.fail.size() > kMaxPatterns) {
        return fail("-ci: at most {} regular expressions of a kind", kMaxPatterns);
    }
    Patterns patterns;
    for (const std::string& text : options.expect) {
        auto regex = TRY(compile_one("expect", text));
        patterns.expect_.push_back({.regex = std::move(regex)});
    }
    for (const std::string& text : options.fail) {
        auto regex = TRY(compile_one("fail", text));
        patterns.fail_.push_back(std::move(regex));
    }
    patterns.missing_ = patterns.expect_.size();
    if (options.kernel_patterns) {
        patterns.panic_ = TRY(compile_one("kernel-patterns", kPanic));
        patterns.oops_ = TRY(compile_one("kernel-patterns", kOops));
    }
    return patterns;
}

LineMatch Patterns::match(std::string_view line) {
    for (const auto& regex : fail_) {
        if (matches(*regex, line)) return {LineMeaning::Failed, regex->pattern()};
    }
    LineMatch result;
    if (match_expected(line, result)) return result;
    if (panic_ && matches(*panic_, line)) return {LineMeaning::KernelPanic, {}};
    if (oops_ && matches(*oops_, line)) return {LineMeaning::KernelOops, {}};
    return {};
}

LineMatch Patterns::match_unfinished(std::string_view line) {
    LineMatch result;
    match_expected(line, result);
    return result;
}

// A line may be the one for several expectations; one that has been seen counts as expected still.
bool Patterns::match_expected(std::string_view line, LineMatch& result) {
    for (Expectation& expectation : expect_) {
        if (!matches(*expectation.regex, line)) continue;
        result = {LineMeaning::Expected, expectation.regex->pattern()};
        if (!expectation.seen) --missing_;
        expectation.seen = true;
    }
    return result.meaning == LineMeaning::Expected;
}

std::vector<std::string> Patterns::missing() const {
    std::vector<std::string> list;
    for (const Expectation& expectation : expect_) {
        if (!expectation.seen) list.push_back(expectation.regex->pattern());
    }
    return list;
}

}  // namespace trapeze::ci
