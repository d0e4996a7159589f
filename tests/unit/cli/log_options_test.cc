// -d, -trace, -D and switching on what they ask for.
#include <gmock/gmock.h>

#include "command_line_test.h"

namespace trapeze::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TraceEvent test_event_one("clitest_one");
TraceEvent test_event_two("clitest_two");
TraceEvent test_event_other("cliother_three");

TEST(LogOptions, Items) {
    const auto d =
        run("-d unimp,guest_errors,trace:kvm_*,unimp -d trace:gic_ack -trace enable=psci_* -D out.log")
            .diagnostics;
    EXPECT_THAT(d.classes, ElementsAre(LogClass::Unimp, LogClass::GuestErrors));
    EXPECT_THAT(d.trace_patterns, ElementsAre("kvm_*", "gic_ack", "psci_*"));
    EXPECT_EQ(d.log_file, "out.log");
    EXPECT_THAT(run("-trace gic_*").diagnostics.trace_patterns, ElementsAre("gic_*"));
    EXPECT_EQ(run("-d all").diagnostics.classes.size(), static_cast<std::size_t>(LogClass::kCount));
    EXPECT_THAT(run("").diagnostics.classes, IsEmpty());
}

TEST(LogOptions, HelpListsTheEventsSorted) {
    for (const char* line :
         {"-d trace:help", "-trace help", "-trace ?", "-d unimp,trace:?", "-trace enable=help"}) {
        const std::string text = printed(line);
        EXPECT_THAT(text, HasSubstr("clitest_one\nclitest_two\n")) << line;
        EXPECT_LT(text.find("cliother_three\n"), text.find("clitest_one\n")) << line;
    }
}

TEST(LogOptions, ParsingSwitchesNothingOn) {
    run("-d unimp,guest_errors,trace:clitest_*");
    EXPECT_FALSE(log_enabled(LogClass::Unimp));
    EXPECT_FALSE(log_enabled(LogClass::GuestErrors));
    EXPECT_FALSE(test_event_one.enabled());
}

TEST(LogOptions, ApplySwitchesOnWhatMatches) {
    const auto warnings =
        apply({.classes = {LogClass::Unimp}, .trace_patterns = {"clitest_*"}, .log_file = {}});
    ASSERT_TRUE(warnings);
    EXPECT_THAT(*warnings, IsEmpty());
    EXPECT_TRUE(log_enabled(LogClass::Unimp));
    EXPECT_FALSE(log_enabled(LogClass::GuestErrors));
    EXPECT_TRUE(test_event_one.enabled());
    EXPECT_TRUE(test_event_two.enabled());
    EXPECT_FALSE(test_event_other.enabled());
    set_log_enabled(LogClass::Unimp, false);
    test_event_one.set_enabled(false);
    test_event_two.set_enabled(false);
}

TEST(LogOptions, APatternWithoutMatchIsAWarning) {
    const auto warnings = apply({.classes = {}, .trace_patterns = {"clitest_oen", "zzz*\n"}, .log_file = {}});
    ASSERT_TRUE(warnings);
    EXPECT_THAT(*warnings, ElementsAre("no trace event matches 'clitest_oen' (did you mean 'clitest_one'?)",
                                       "no trace event matches 'zzz*\\x0a'"));
}

TEST(LogOptions, ALogFileThatCannotBeMadeIsAnError) {
    const auto result =
        apply({.classes = {LogClass::Unimp}, .trace_patterns = {}, .log_file = "/dev/null/log"});
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), HasSubstr("-D /dev/null/log: "));
    EXPECT_FALSE(log_enabled(LogClass::Unimp));
}

}  // namespace
}  // namespace trapeze::cli
