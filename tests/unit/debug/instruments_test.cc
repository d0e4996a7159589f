// Two vCPUs under observation: the files that come of it, and switching at run time.
#include "trapeze/debug/instruments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "exits.h"
#include "trace_slices.h"
#include "trapeze/trap/trace_events.h"
#include "vcpu/fake_accel.h"
#include "vcpu/fake_host.h"

namespace trapeze::debug {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class InstrumentsTest : public testing::Test, public vcpu::FakeHost {
protected:
    ~InstrumentsTest() override {
        cpus_.clear();
        instruments_.reset();
        TraceEvent::enable("-*");
        for (const char* name : {"trace.json", "stats.json"}) std::filesystem::remove(path(name));
    }
    static std::string path(const std::string& name) {
        return testing::TempDir() + "instruments_test." + std::to_string(getpid()) + "." + name;
    }
    static json read(const std::string& name) {
        std::ifstream file(path(name));
        return json::parse(file);
    }
    void start(const InstrumentOptions& options) {
        auto made = Instruments::create(options, around_.bus, around_.calls);
        ASSERT_TRUE(made) << made.error().message();
        instruments_ = std::move(*made);
        for (unsigned n = 0; n < 2; ++n) {
            auto accel = std::make_unique<vcpu::FakeAccel>();
            accel->preset_virtual_timer(accel::ArmedTimer{.cval = 100, .count = 0});  // WFI sleeps 100 us
            accels_.push_back(accel.get());
            cpus_.push_back(std::make_unique<vcpu::Vcpu>(
                vcpu::fake_config(n), std::move(accel),
                trap::Handlers{sysregs_, around_.calls, around_.bus, around_.memory}, *this, *this));
            instruments_->attach(*cpus_.back());
        }
        for (unsigned n = 0; n < 2; ++n) {
            ASSERT_TRUE(cpus_[n]->start());
            ASSERT_EQ(cpus_[n]->power_on(0x4000'0000, 0), vcpu::PowerOnResult::Success);
            cpus_[n]->resume();
            accels_[n]->wait_idle();
        }
    }
    void play(unsigned cpu) {
        accels_[cpu]->push(accel::MmioExit{mem::Gpa{0x0900'0018}, 4, false, 0});
        accels_[cpu]->push(accel::MmioExit{mem::Gpa{0x0a00'0000}, 4, true, 1});
        accels_[cpu]->push(accel::TrapExit{arch::Esr::make(arch::ExceptionClass::Wfx, 0), 0x4000'0100, 0});
        accels_[cpu]->push(accel::InterruptedExit{});
        accels_[cpu]->wait_idle();
    }
    void pause() {
        for (const auto& cpu : cpus_) cpu->pause();
        for (const auto& cpu : cpus_) cpu->wait_paused();
    }

    Surroundings around_;
    trap::SysRegSpace sysregs_;
    std::unique_ptr<Instruments> instruments_;
    std::vector<vcpu::FakeAccel*> accels_;
    std::vector<std::unique_ptr<vcpu::Vcpu>> cpus_;
};

TEST_F(InstrumentsTest, TraceAndStatisticsAgree) {
    TraceEvent::enable("kvm_*", TraceTo::Recorder);
    start({.statistics = true,
           .statistics_file = path("stats.json"),
           .statistics_json = true,
           .trace = TraceOptions{.vcpus = 2, .buffer_bytes = 4096, .file = path("trace.json")}});
    for (int n = 0; n < 50; ++n) {
        play(0);
        play(1);
    }
    pause();
    ASSERT_TRUE(instruments_->finish());

    std::map<std::string, u64> count, ns;
    for (const Slice& slice : slices_of(read("trace.json"))) {
        ++count[slice.category];
        ns[slice.category] += slice.end - slice.begin;
    }
    const json stats = read("stats.json");
    u64 guest = 0, blocked = 0, exits = 0;
    for (const json& row : stats["classes"]) {
        const std::string cat = "handling," + row["class"].get<std::string>();
        EXPECT_EQ(row["count"], count[cat]) << cat;
        EXPECT_EQ(row["total"].get<u64>() + row["blocked"].get<u64>(), ns[cat]) << cat;
        guest += row["guest"].get<u64>();
        blocked += row["blocked"].get<u64>();
        exits += row["count"].get<u64>();
    }
    EXPECT_EQ(guest, ns["guest"]);
    EXPECT_EQ(blocked, ns["blocked"]);
    EXPECT_GE(blocked, 2u * 50u * 100'000u);
    EXPECT_EQ(exits, count["guest"]);
    EXPECT_EQ(count["handling,mmio_read"], 100u);
    EXPECT_EQ(count["handling,mmio_write"], 100u);
    EXPECT_EQ(count["handling,wfx"], 100u);
}

TEST_F(InstrumentsTest, StatisticsCanBeSwitchedOnWhileRunning) {
    start({});
    play(0);
    EXPECT_EQ(json::parse(instruments_->statistics_json())["classes"].size(), 0u);
    EXPECT_THAT(instruments_->trace_dump(10), HasSubstr("nothing is recorded"));
    instruments_->set_statistics(true);
    play(0);  // the first of these was entered before
    EXPECT_THAT(instruments_->statistics_table(), HasSubstr(" mmio_write       virtio-mmio@a000000\n"));
    EXPECT_EQ(json::parse(instruments_->statistics_json())["vcpus"][0]["count"], 3);
    instruments_->set_statistics(false);
    play(0);
    play(0);
    EXPECT_EQ(json::parse(instruments_->statistics_json())["vcpus"][0]["count"], 3);
    pause();
    ASSERT_TRUE(instruments_->finish());
}

TEST_F(InstrumentsTest, TheRecorderIsThereForEventsSwitchedOnLater) {
    start({.trace = TraceOptions{.vcpus = 2}});
    play(1);
    EXPECT_EQ(instruments_->trace_dump(10), "");
    trap::kvm_mmio_read.set_enabled(true);  // as a monitor does
    play(1);
    EXPECT_THAT(instruments_->trace_dump(10),
                HasSubstr(" vcpu1 kvm_mmio_read pl011 0x9000018 size 4 = 0x90;"));
    EXPECT_EQ(instruments_->trace_dump(10, 0), "");
    pause();
    ASSERT_TRUE(instruments_->finish());
}

TEST_F(InstrumentsTest, FilesThatCannotBeMadeAreErrors) {
    const auto made = Instruments::create({.statistics = true, .statistics_file = "/dev/null/stats"},
                                          around_.bus, around_.calls);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message(), HasSubstr("could not open the statistics file '/dev/null/stats': "));
}

TEST_F(InstrumentsTest, AFullDiskIsAnErrorAtTheEnd) {
    start({.statistics = true, .statistics_file = "/dev/full"});
    pause();
    const auto finished = instruments_->finish();
    ASSERT_FALSE(finished);
    EXPECT_THAT(finished.error().message(), HasSubstr("/dev/full: could not write the statistics: "));
}

}  // namespace
}  // namespace trapeze::debug
