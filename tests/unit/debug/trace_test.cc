#include "trapeze/debug/trace.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "exits.h"
#include "json_text.h"
#include "trace_ring.h"
#include "trace_slices.h"
#include "trapeze/base/check.h"
#include "trapeze/base/monotonic_clock.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::debug {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TraceEvent test_event("tracetest_event");

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

class TraceTest : public testing::Test {
protected:
    TraceTest() {
        TraceEvent::enable("kvm_*", TraceTo::Recorder);
        test_event.enable(TraceTo::Recorder);
    }
    ~TraceTest() override {
        set_trace_sink(nullptr);
        TraceEvent::enable("-*");
        std::filesystem::remove(path);
    }
    std::unique_ptr<Tracer> make(TraceOptions options) {
        options.machine = "test \"machine\"";
        auto made = Tracer::create(options, names);
        EXPECT_TRUE(made) << made.error().message();
        return std::move(*made);
    }
    void exit(Tracer& tracer, unsigned vcpu, vcpu::ObservedExit e) { tracer.exit(vcpu, names.key(e), e); }

    Surroundings around;
    ExitNames names{around.bus, around.calls};
    std::string path = testing::TempDir() + "trace_test." + std::to_string(getpid());
};

TEST(TraceRing, KeepsTheLastRecords) {
    TraceRing ring(16);
    RecordWords words{};
    for (u64 n = 0; n < 40; ++n) {
        words.fill(n);
        ring.push(words);
    }
    EXPECT_EQ(ring.head(), 40u);
    EXPECT_EQ(ring.oldest(), 24u);
    EXPECT_FALSE(ring.read(23, words));
    EXPECT_FALSE(ring.read(40, words));
    ASSERT_TRUE(ring.read(24, words));
    EXPECT_EQ(words[14], 24u);
}

TEST(TraceRing, AReaderNeverGetsHalfARecord) {
    TraceRing ring(16);
    std::atomic<bool> done{false};
    std::jthread writer([&] {
        RecordWords words{};
        for (u64 n = 0; n < 200'000; ++n) {
            words.fill(n);
            ring.push(words);
        }
        done.store(true);
    });
    while (!done.load()) {
        const u64 end = ring.head();
        for (u64 n = ring.oldest(); n < end; ++n) {
            RecordWords words;
            if (!ring.read(n, words)) continue;
            for (const u64 word : words) ASSERT_EQ(word, n);
        }
    }
}

TEST(JsonText, EscapesWhatJsonForbids) {
    EXPECT_EQ(json_string("a\"b\\c\n\x7f"), R"("a\"b\\c\u000a\u007f")");
    EXPECT_EQ(json::parse(json_string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80")), "grüß € 😀");
    // Overlong, surrogate, truncated, lone.
    for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\x80", "\xf5\x80\x80\x80"}) {
        EXPECT_THAT(json::parse(json_string(bad)).get<std::string>(), HasSubstr("\xef\xbf\xbd"));
    }
}

TEST_F(TraceTest, TextHasTheOperands) {
    const auto tracer = make({.vcpus = 2});
    vcpu::ObservedExit read = observed(sysreg(arch::reg::ICC_IAR1_EL1, true));
    read.value = 0x1b;
    exit(*tracer, 0, read);
    vcpu::ObservedExit call = observed(trap::HypercallTrap{trap::Conduit::Hvc, 0}, 2000);
    call.arguments = {0xc400'0003, 1, 0x4000'0000, 0};
    call.value = 0;
    exit(*tracer, 1, call);
    exit(*tracer, 0, observed(trap::WfxTrap{arch::WfxKind::Wfi, false, 0}, 3000, 100, 10, 500));
    vcpu::ObservedExit undef = observed(sysreg(arch::SysReg(3, 7, 15, 14, 6), false), 4000);
    undef.exception = true;
    exit(*tracer, 0, undef);
    const std::string text = tracer->dump(100);
    EXPECT_THAT(
        text, HasSubstr(" vcpu0 kvm_sysreg_read ICC_IAR1_EL1 = 0x1b @ 0x40000100; guest 100 handling 10\n"));
    EXPECT_THAT(text, HasSubstr(" vcpu1 kvm_hypercall CPU_ON(0xc4000003, 0x1, 0x40000000, 0x0) = 0x0 @ "));
    EXPECT_THAT(text, HasSubstr(" kvm_wfx_trap WFI @ 0x40000100; guest 100 handling 10 blocked 500\n"));
    EXPECT_THAT(text, HasSubstr(" kvm_sysreg_write S3_7_C15_C14_6 exception @ "));
    EXPECT_LT(text.find("vcpu1"), text.find("WFI"));  // by time, not by track
    EXPECT_THAT(tracer->dump(100, 1), Not(HasSubstr("vcpu0")));
    EXPECT_THAT(tracer->dump(1), Not(HasSubstr("ICC_IAR1_EL1")));
}

TEST_F(TraceTest, OnlySelectedClassesAreRecorded) {
    const auto tracer = make({.vcpus = 1});
    trap::kvm_sysreg_read.set_enabled(false);
    exit(*tracer, 0, observed(sysreg(arch::reg::ICC_IAR1_EL1, true)));
    exit(*tracer, 0, observed(mmio(0x0900'0000)));
    EXPECT_THAT(tracer->dump(100), Not(HasSubstr("ICC_IAR1_EL1")));
    EXPECT_THAT(tracer->dump(100), HasSubstr("kvm_mmio_read pl011 0x9000000 size 4"));
}

TEST_F(TraceTest, EventsOfAVcpuThreadGoToItsTrack) {
    const auto tracer = make({.vcpus = 2});
    set_trace_sink(tracer.get());
    std::thread([&] {
        tracer->bind_thread(1);
        TRACE(test_event, "on {}", "vcpu");
    }).join();
    TRACE(test_event, "elsewhere {}", std::string(200, 'x'));
    // Exits have records of their own; their text is for the log.
    trap::kvm_wfx_trap.enable(TraceTo::Recorder);
    TRACE(trap::kvm_wfx_trap, "text");
    EXPECT_THAT(tracer->dump(10, 1), HasSubstr(" vcpu1 tracetest_event on vcpu\n"));
    EXPECT_THAT(tracer->dump(10), HasSubstr(" host tracetest_event elsewhere xxx"));
    EXPECT_THAT(tracer->dump(10), HasSubstr("xxx...\n"));
    EXPECT_THAT(tracer->dump(10), Not(HasSubstr("kvm_wfx_trap")));
}

TEST_F(TraceTest, TheJsonFileIsCompleteHoweverSmallTheBuffers) {
    path += ".json";
    const auto tracer = make({.vcpus = 2, .buffer_bytes = 4096, .file = path});
    set_trace_sink(tracer.get());
    constexpr u64 kExits = 5000;
    {
        std::vector<std::jthread> threads;
        for (unsigned vcpu = 0; vcpu < 2; ++vcpu) {
            threads.emplace_back([&, vcpu] {
                tracer->bind_thread(vcpu);
                for (u64 n = 0; n < kExits; ++n) {
                    auto e = observed(mmio(0x0900'0000), 1'000'000'000'000'000 + n * 1000, 7, 3, n % 2 * 11);
                    e.value = n;
                    exit(*tracer, vcpu, e);
                    TRACE(test_event, "\"{}\"", n);
                }
            });
        }
    }
    ASSERT_TRUE(tracer->finish());
    EXPECT_EQ(tracer->dropped(), 0u);
    const json file = json::parse(read_file(path));
    EXPECT_EQ(file["otherData"]["dropped"], "0");
    EXPECT_EQ(file["otherData"]["records"], std::to_string(4 * kExits));
    u64 instants = 0;
    std::map<int, std::string> tracks;
    for (const json& event : file["traceEvents"]) {
        if (event["ph"] == "M" && event["name"] == "thread_name")
            tracks[event["tid"]] = event["args"]["name"];
        if (event["ph"] == "M" && event["name"] == "process_name") {
            EXPECT_EQ(event["args"]["name"], "trapeze: test \"machine\"");
        }
        if (event["ph"] == "i") ++instants;
    }
    std::map<std::string, u64> count, ns;
    for (const Slice& slice : slices_of(file)) {
        ++count[slice.category];
        ns[slice.category] += slice.end - slice.begin;
        EXPECT_EQ(slice.depth, slice.category == "blocked" ? 1u : 0u);
        if (slice.category == "handling,mmio_read") {
            EXPECT_EQ(slice.name, "read pl011");
            EXPECT_EQ(slice.args["address"], "0x9000000");
            EXPECT_EQ(slice.args["event"], "kvm_mmio_read");
        }
    }
    EXPECT_EQ(tracks, (std::map<int, std::string>{{1, "vCPU 0"}, {2, "vCPU 1"}, {3, "host threads"}}));
    EXPECT_EQ(instants, 2 * kExits);
    EXPECT_EQ(count, (std::map<std::string, u64>{
                         {"blocked", kExits}, {"guest", 2 * kExits}, {"handling,mmio_read", 2 * kExits}}));
    EXPECT_EQ(ns["guest"], 2 * kExits * 7);
    EXPECT_EQ(ns["blocked"], kExits * 11);
    EXPECT_EQ(ns["handling,mmio_read"], 2 * kExits * 3 + ns["blocked"]);
}

// What ends and what begins at the same time has the same time in the file, whatever a viewer does with it.
TEST_F(TraceTest, SlicesThatFollowEachOtherDoNotOverlap) {
    path += ".json";
    constexpr u64 kExits = 2000;
    const auto tracer = make({.vcpus = 1, .buffer_bytes = 1 << 20, .file = path});
    u64 now = monotonic_ns();
    for (u64 n = 0; n < kExits; ++n) {
        const u64 guest = n * 7919 % 100'000, handling = n * 104'729 % 3000;
        exit(*tracer, 0, observed(mmio(0x0900'0000), now, guest, handling));
        now += guest + handling;
    }
    ASSERT_TRUE(tracer->finish());
    const std::vector<Slice> slices = slices_of(json::parse(read_file(path)));
    ASSERT_EQ(slices.size(), 2 * kExits);
    u64 end = slices.front().begin;
    for (const Slice& slice : slices) {
        EXPECT_EQ(slice.begin, end);
        end = slice.end;
    }
}

TEST_F(TraceTest, WithoutStreamingTheFileHoldsTheEnd) {
    const auto tracer = make({.vcpus = 1, .buffer_bytes = 4096, .file = path, .stream = false});
    for (u64 n = 0; n < 100; ++n) {
        auto e = observed(mmio(0x0900'0000), 1000 * n);
        e.value = n;
        exit(*tracer, 0, e);
    }
    EXPECT_EQ(read_file(path), "");
    ASSERT_TRUE(tracer->finish());
    const std::string text = read_file(path);
    EXPECT_THAT(text, HasSubstr("# 32 records, 68 dropped\n"));
    EXPECT_THAT(text, Not(HasSubstr("= 0x43 ")));
    EXPECT_THAT(text, HasSubstr("= 0x44 "));
    EXPECT_THAT(text, HasSubstr("= 0x63 "));
}

TEST_F(TraceTest, AReaderThatStopsDelaysTheGuestOnceAndIsTold) {
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(fd, 0);
    const auto tracer = make({.vcpus = 1, .buffer_bytes = 4096, .file = path});
    // More than a pipe (64 KiB of lines) and the writer's batch hold.
    constexpr u64 kExits = 20'000;
    const auto start = std::chrono::steady_clock::now();
    for (u64 n = 0; n < kExits; ++n) exit(*tracer, 0, observed(mmio(0x0900'0000), 1000 * n));
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_GT(tracer->dropped(), 0u);
    EXPECT_LT(took, std::chrono::milliseconds(4 * Tracer::kPatienceMs));
    std::string text;
    std::jthread reader([&] {
        char buffer[4096];
        fcntl(fd, F_SETFL, 0);
        for (ssize_t n = 0; (n = read(fd, buffer, sizeof(buffer))) > 0;)
            text.append(buffer, static_cast<std::size_t>(n));
    });
    const u64 dropped = tracer->dropped();
    ASSERT_TRUE(tracer->finish());
    reader.join();
    close(fd);
    EXPECT_THAT(text, HasSubstr(fmt::format("# {} records, {} dropped\n", kExits - dropped, dropped)));
}

TEST_F(TraceTest, AFileThatCannotBeMadeIsAnError) {
    const auto made = Tracer::create({.vcpus = 1, .file = "/dev/null/trace"}, names);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(), HasSubstr("could not open the trace file '/dev/null/trace': "));
}

TEST_F(TraceTest, AFullDiskIsAnErrorAtTheEnd) {
    const auto tracer = make({.vcpus = 1, .file = "/dev/full"});
    exit(*tracer, 0, observed(mmio(0x0900'0000)));
    const auto finished = tracer->finish();
    ASSERT_FALSE(finished);
    EXPECT_THAT(finished.error().message(), HasSubstr("/dev/full"));
}

using TraceDeathTest = TraceTest;

TEST_F(TraceDeathTest, AnInternalErrorShowsTheLastRecords) {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    const auto fail = [this] {
        const auto tracer = make({.vcpus = 1});
        for (u64 n = 0; n < 100; ++n) {
            auto e = observed(mmio(0x0900'0000), 1000 * n);
            e.value = n;
            exit(*tracer, 0, e);
        }
        tracer->report_crashes();
        CHECK(names.name({ExitClass::Wfx, 0}) == "something else");
    };
    EXPECT_DEATH(
        fail(),
        "the last trace records(.|\n)*pl011 0x9000000 size 4 = 0x44(.|\n)*= 0x63(.|\n)*internal error");
}

}  // namespace
}  // namespace trapeze::debug
