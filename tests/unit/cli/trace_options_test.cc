// -trace with a recorder, and -stats.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "command_line_test.h"

namespace trapeze::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TraceEvent event_one("recordtest_one");
TraceEvent event_two("recordtest_two");

TEST(TraceOptions, WithoutAFilePatternsAreForTheLog) {
    const auto r = run("-trace kvm_* -trace enable=psci_*");
    EXPECT_THAT(r.diagnostics.trace_patterns, ElementsAre("kvm_*", "psci_*"));
    EXPECT_THAT(r.diagnostics.recorded_patterns, IsEmpty());
    EXPECT_FALSE(r.config.trace.record);
}

TEST(TraceOptions, AFileIsForAllOfTheirPatternsButNotForThoseOfTheLog) {
    const auto r = run("-d trace:kvm_wfx* -trace kvm_* -trace psci_*,file=a,,b.json");
    EXPECT_THAT(r.diagnostics.trace_patterns, ElementsAre("kvm_wfx*"));
    EXPECT_THAT(r.diagnostics.recorded_patterns, ElementsAre("kvm_*", "psci_*"));
    EXPECT_TRUE(r.config.trace.record);
    EXPECT_TRUE(r.config.trace.stream);
    EXPECT_EQ(r.config.trace.file, "a,b.json");
    EXPECT_EQ(r.config.trace.buffer_bytes, 1u << 20);
}

TEST(TraceOptions, WithoutAPatternEverythingIsRecorded) {
    EXPECT_THAT(run("-trace file=f").diagnostics.recorded_patterns, ElementsAre("*"));
    EXPECT_THAT(run("-trace buffer=64K").diagnostics.recorded_patterns, ElementsAre("*"));
    const auto r = run("-trace events=list,file=f");
    EXPECT_THAT(r.diagnostics.recorded_patterns, IsEmpty());
    EXPECT_THAT(r.diagnostics.event_files, ElementsAre("list"));
    EXPECT_TRUE(r.diagnostics.record_event_files);
}

TEST(TraceOptions, ABufferAloneIsARecorderInMemory) {
    const auto r = run("-trace *,buffer=2M");
    EXPECT_TRUE(r.config.trace.record);
    EXPECT_EQ(r.config.trace.file, "");
    EXPECT_EQ(r.config.trace.buffer_bytes, 2u << 20);
    EXPECT_FALSE(run("-trace file=f,stream=off").config.trace.stream);
}

TEST(TraceOptions, StatisticsFormatFollowsTheName) {
    EXPECT_EQ(run("").config.statistics.file, "");
    EXPECT_FALSE(run("-stats table.txt").config.statistics.json);
    EXPECT_TRUE(run("-stats boot.json").config.statistics.json);
    EXPECT_TRUE(run("-stats format=json,file=x").config.statistics.json);
    EXPECT_FALSE(run("-stats x.json,format=table").config.statistics.json);
    EXPECT_EQ(run("-stats x.json,format=table").config.statistics.file, "x.json");
}

TEST(TraceOptions, EventFilesAreReadWhenApplied) {
    const std::string path = testing::TempDir() + "trace_options." + std::to_string(getpid());
    std::ofstream(path) << "# comment\n\n  recordtest_* # both\r\n-recordtest_two\n";
    const auto warnings = apply({.classes = {},
                                 .trace_patterns = {},
                                 .log_file = {},
                                 .event_files = {path},
                                 .record_event_files = true});
    std::filesystem::remove(path);
    ASSERT_TRUE(warnings);
    EXPECT_THAT(*warnings, IsEmpty());
    EXPECT_TRUE(event_one.recorded());
    EXPECT_FALSE(event_one.wants_text(TraceTo::Log));
    EXPECT_FALSE(event_two.enabled());
    event_one.set_enabled(false);

    const auto missing = apply({.classes = {}, .trace_patterns = {}, .log_file = {}, .event_files = {path}});
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(),
                HasSubstr("-trace events=" + path + ": could not open the file: "));
}

TEST(TraceOptions, WhereEventsGoWhenAMonitorSwitchesThem) {
    event_one.set_enabled(true);
    EXPECT_TRUE(event_one.wants_text(TraceTo::Log));
    event_one.enable(TraceTo::Recorder);
    event_one.set_enabled(false);
    EXPECT_FALSE(event_one.enabled());
    TraceEvent::set_default_destination(TraceTo::Recorder);
    event_one.set_enabled(true);
    EXPECT_TRUE(event_one.recorded());
    EXPECT_FALSE(event_one.wants_text(TraceTo::Log));
    event_one.set_enabled(false);
    TraceEvent::set_default_destination(TraceTo::Log);
}

}  // namespace
}  // namespace trapeze::cli
