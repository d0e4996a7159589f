#include "patterns.h"

#include <gtest/gtest.h>

#include <chrono>

namespace trapeze::ci {
namespace {

Patterns make(const Options& options) {
    Result<Patterns> patterns = Patterns::compile(options);
    EXPECT_TRUE(patterns) << (patterns ? "" : patterns.error().message());
    return std::move(*patterns);
}

TEST(Patterns, WhatLinuxSaysWhenItBreaks) {
    Patterns patterns = make({});
    const auto meaning = [&patterns](std::string_view line) { return patterns.match(line).meaning; };
    EXPECT_EQ(meaning("[    1.2] Kernel panic - not syncing: sysrq triggered crash"),
              LineMeaning::KernelPanic);
    for (const std::string_view line : {
             "[    1.0] Internal error: Oops: 0000000096000045 [#1] PREEMPT SMP",
             "[    1.0] kernel BUG at mm/slub.c:448!",
             "[    1.0] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000",
             "[    1.0] BUG: KASAN: slab-out-of-bounds in foo+0x10/0x20",
             "[    1.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:1]",
         }) {
        EXPECT_EQ(meaning(line), LineMeaning::KernelOops) << line;
    }
    for (const std::string_view line :
         {"", "Internal error: none", "DEBUG: fine", "[    0.0] WARNING: CPU: 0 PID: 1", "panic=-1"}) {
        EXPECT_EQ(meaning(line), LineMeaning::Nothing) << line;
    }
}

TEST(Patterns, KernelPatternsCanBeTurnedOff) {
    Patterns patterns = make({.kernel_patterns = false});
    EXPECT_EQ(patterns.match("Kernel panic - not syncing: x").meaning, LineMeaning::Nothing);
    EXPECT_EQ(patterns.match("kernel BUG at x").meaning, LineMeaning::Nothing);
}

TEST(Patterns, AllThatIsExpectedHasToBeSeenInAnyOrder) {
    Patterns patterns = make({.expect = {"^one", "two$"}});
    EXPECT_TRUE(patterns.expects_anything());
    EXPECT_EQ(patterns.match("number one").meaning, LineMeaning::Nothing);
    EXPECT_EQ(patterns.match("number two").meaning, LineMeaning::Expected);
    EXPECT_FALSE(patterns.all_seen());
    EXPECT_EQ(patterns.missing(), std::vector<std::string>{"^one"});
    const LineMatch match = patterns.match("one");
    EXPECT_EQ(match.meaning, LineMeaning::Expected);
    EXPECT_EQ(match.pattern, "^one");
    EXPECT_TRUE(patterns.all_seen());
    EXPECT_TRUE(patterns.missing().empty());
}

TEST(Patterns, OneLineMayBeWhatSeveralExpect) {
    Patterns patterns = make({.expect = {"a", "b"}});
    patterns.match("ab");
    EXPECT_TRUE(patterns.all_seen());
}

TEST(Patterns, FailComesBeforeExpectAndExpectBeforeTheKernel) {
    Patterns patterns = make({.expect = {"Kernel panic"}, .fail = {"bad"}});
    EXPECT_EQ(patterns.match("Kernel panic - not syncing: bad").meaning, LineMeaning::Failed);
    EXPECT_EQ(patterns.match("Kernel panic - not syncing: good").meaning, LineMeaning::Expected);
}

TEST(Patterns, AnUnfinishedLineCanOnlyBeExpected) {
    Patterns patterns = make({.expect = {"login:"}, .fail = {"x"}});
    EXPECT_EQ(patterns.match_unfinished("x").meaning, LineMeaning::Nothing);
    EXPECT_EQ(patterns.match_unfinished("Kernel panic - not syncing").meaning, LineMeaning::Nothing);
    EXPECT_EQ(patterns.match_unfinished("guest login: ").meaning, LineMeaning::Expected);
}

TEST(Patterns, BadOnesAreRefused) {
    for (const std::string pattern : {"(", "a{2000}{2000}", "\\", "", "(?=x)"}) {
        EXPECT_FALSE(Patterns::compile({.expect = {pattern}})) << pattern;
        EXPECT_FALSE(Patterns::compile({.fail = {pattern}})) << pattern;
    }
    EXPECT_EQ(Patterns::compile({.expect = {"("}}).error().message(),
              "-ci expect=(: not a regular expression: missing ): (");
    EXPECT_FALSE(Patterns::compile({.expect = std::vector<std::string>(101, "a")}));
}

TEST(Patterns, NoPatternBacktracks) {
    Patterns patterns = make({.expect = {"(x+x+)+y", "(a|aa)+$"}});
    const std::string line(4096, 'x');
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(patterns.match(line).meaning, LineMeaning::Nothing);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Patterns, BytesThatAreNotUtf8AreHarmless) {
    Patterns patterns = make({.expect = {"ok"}});
    EXPECT_EQ(patterns.match("\xff\xfe ok \xc0").meaning, LineMeaning::Expected);
}

}  // namespace
}  // namespace trapeze::ci
