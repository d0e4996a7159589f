#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "console_supervisor.h"
#include "devices/fakes.h"
#include "vcpu/fake_accel.h"
#include "vcpu/fake_host.h"

namespace trapeze::ci {
namespace {

using debug::RunState;
using debug::ShutdownCause;
using testing::HasSubstr;
using testing::Not;

class FakeLog final : public chardev::Backend {
public:
    std::size_t send(std::span<const u8> bytes) override {
        const std::size_t taken = std::min(bytes.size(), room);
        text.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        room -= taken;
        return taken;
    }
    void set_receiver(bus::CharReceiver* to) override { receiver = to; }
    void receiver_ready() override {}
    bool flush(u64) override { return room > 0; }
    std::string text;
    std::size_t room = 1 << 20;
    bus::CharReceiver* receiver = nullptr;
};

// One vCPU that runs, and the machine around it as far as a supervisor sees it.
class FakeMachine final : public debug::MachineControl, public vcpu::FakeHost {
public:
    FakeMachine() {
        auto owned = std::make_unique<vcpu::FakeAccel>();
        accel = owned.get();
        vcpu_ = std::make_unique<vcpu::Vcpu>(vcpu::fake_config(0), std::move(owned),
                                             trap::Handlers{sysregs_, calls_, bus_, memory_}, *this, *this);
        EXPECT_TRUE(vcpu_->start());
        EXPECT_EQ(vcpu_->power_on(0x4000'0000, 0), vcpu::PowerOnResult::Success);
        vcpu_->resume();
        accel->wait_idle();
    }

    std::size_t cpu_count() const override { return 1; }
    vcpu::Vcpu& cpu(std::size_t) override { return *vcpu_; }
    u64 cpu_affinity(std::size_t) const override { return 0; }
    mem::GuestMemory& memory() override { return memory_; }
    std::string machine_name() const override { return "fake"; }
    RunState run_state() const override { return state; }
    void add_observer(debug::MachineObserver& o) override { observer = &o; }
    void remove_observer(debug::MachineObserver&) override { observer = nullptr; }
    void stop(RunState why) override {
        vcpu_->pause();
        vcpu_->wait_paused();
        state = why;
    }
    Result<> cont() override { return {}; }
    void system_reset(ShutdownCause) override {}
    void system_powerdown() override {}
    void quit(ShutdownCause cause) override {
        quits.push_back(cause);
        observer->shutting_down(cause, "poweroff");
    }
    std::string trace_dump(std::size_t, std::optional<unsigned>) override { return trace; }

    vcpu::FakeAccel* accel = nullptr;
    RunState state = RunState::Running;
    debug::MachineObserver* observer = nullptr;
    std::vector<ShutdownCause> quits;
    std::string trace;

private:
    mem::GuestMemory memory_;
    trap::SysRegSpace sysregs_;
    trap::HypercallSpace calls_;
    bus::MmioBus bus_;
    std::unique_ptr<vcpu::Vcpu> vcpu_;
};

class SupervisorTest : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/ci-supervisor.XXXXXX";
        directory = mkdtemp(name);
    }
    void TearDown() override {
        supervisor.reset();
        std::filesystem::remove_all(directory);
    }

    void start(Options options) {
        options.name = "case";
        options.junit = directory + "/junit.xml";
        auto owned = std::make_unique<FakeLog>();
        log = owned.get();
        Result<Patterns> patterns = Patterns::compile(options);
        ASSERT_TRUE(patterns);
        supervisor = std::make_unique<ConsoleSupervisor>(options, std::move(*patterns),
                                                         SymbolTable({{0x4000'0000, 0x40, "spin"}}),
                                                         std::move(owned), time);
        tap = &supervisor->watch(port);
        supervisor->attach(machine, nullptr);
        machine.observer->resumed();
    }
    // The guest prints, and the loop gets to it.
    void print(std::string_view text) {
        EXPECT_EQ(tap->send({reinterpret_cast<const u8*>(text.data()), text.size()}), text.size());
        time.pass(0);
    }
    void shut_down(ShutdownCause cause) { machine.observer->shutting_down(cause, "poweroff"); }
    bool ended() const { return !machine.quits.empty(); }
    std::string junit() const {
        std::ifstream in(directory + "/junit.xml");
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string directory;
    devices::FakeTime time;
    devices::FakeCharPort port;
    FakeMachine machine;
    FakeLog* log = nullptr;
    std::unique_ptr<ConsoleSupervisor> supervisor;
    bus::CharPort* tap = nullptr;
};

TEST_F(SupervisorTest, EndsTheGuestWhenAllHasBeenSeen) {
    start({.expect = {"one", "two"}});
    print("one\n");
    EXPECT_FALSE(ended());
    print("\x1b[32mtw\x1b[0mo\r\n");
    ASSERT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 0);
    EXPECT_EQ(port.sent, "one\n\x1b[32mtw\x1b[0mo\r\n");
    EXPECT_THAT(log->text, HasSubstr(port.sent));
    EXPECT_THAT(log->text, HasSubstr("matched: the console has 'two'"));
    EXPECT_THAT(junit(), HasSubstr("failures=\"0\""));
    EXPECT_THAT(junit(), HasSubstr("name=\"case\""));
    EXPECT_EQ(machine.observer, nullptr);
}

TEST_F(SupervisorTest, APromptHasNoLineEnd) {
    start({.expect = {"login: $"}});
    print("guest login: ");
    EXPECT_FALSE(ended());
    time.pass(ConsoleSupervisor::kPromptNs);
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 0);
}

TEST_F(SupervisorTest, ALineThatGoesOnIsNoPrompt) {
    start({.expect = {"login: $"}});
    print("guest login: ");
    time.pass(ConsoleSupervisor::kPromptNs - 1);
    print("disabled\n");
    time.pass(2 * ConsoleSupervisor::kPromptNs);
    EXPECT_FALSE(ended());
}

TEST_F(SupervisorTest, AFailureLetsTheGuestFinishItsSentence) {
    start({.expect = {"done"}, .fail = {"FAIL"}});
    print("test 1 FAILED\n");
    EXPECT_FALSE(ended());
    time.pass(ConsoleSupervisor::kQuietNs - 1);
    print("because\ndone\n");
    time.pass(ConsoleSupervisor::kQuietNs - 1);
    EXPECT_FALSE(ended());
    time.pass(1);
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 37);
    EXPECT_THAT(junit(), HasSubstr("the console has fail=FAIL: test 1 FAILED"));
    EXPECT_THAT(junit(), HasSubstr("because"));
}

TEST_F(SupervisorTest, AGuestThatNeverFallsSilentIsEndedToo) {
    start({.fail = {"FAIL"}});
    print("FAIL\n");
    for (int i = 0; i < 200 && !ended(); ++i) {
        print("and on\n");
        time.pass(100'000'000);
    }
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 37);
}

TEST_F(SupervisorTest, PanicOnTheConsole) {
    start({.expect = {"never"}});
    print("[    1.0] Kernel panic - not syncing: Attempted to kill init!\n");
    time.pass(ConsoleSupervisor::kQuietNs);
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 34);
}

TEST_F(SupervisorTest, PanicByDevice) {
    start({.kernel_patterns = false});
    machine.observer->guest_panicked("run");
    EXPECT_FALSE(ended());
    print("---[ end ]---\n");
    time.pass(ConsoleSupervisor::kQuietNs);
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 34);
    EXPECT_THAT(log->text, HasSubstr("---[ end ]---"));
}

TEST_F(SupervisorTest, ACrashKernelIsAPanicToo) {
    start({});
    machine.observer->guest_crash_loaded();
    time.pass(ConsoleSupervisor::kQuietNs);
    EXPECT_EQ(supervisor->conclude(), 34);
}

TEST_F(SupervisorTest, AnOopsAloneIsAFailedPattern) {
    start({.expect = {"never"}});
    print("Internal error: Oops: 0000000096000045 [#1] SMP\n");
    time.pass(ConsoleSupervisor::kQuietNs);
    EXPECT_EQ(supervisor->conclude(), 37);
}

TEST_F(SupervisorTest, AResetAfterAnOopsIsAPanic) {
    start({.expect = {"never"}});
    print("Internal error: Oops: 0000000096000045 [#1] SMP\n");
    shut_down(ShutdownCause::GuestReset);
    EXPECT_EQ(supervisor->conclude(), 34);
    EXPECT_THAT(log->text, HasSubstr("rebooted after a fault"));
}

TEST_F(SupervisorTest, AnExpectedPanicIsAMatch) {
    start({.expect = {"Kernel panic - not syncing: sysrq"}});
    print("Kernel panic - not syncing: sysrq triggered crash\n");
    machine.observer->guest_panicked("run");
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 0);
}

TEST_F(SupervisorTest, ResetWithoutMatch) {
    start({.expect = {"never"}});
    shut_down(ShutdownCause::GuestReset);
    EXPECT_EQ(supervisor->conclude(), 32);
}

TEST_F(SupervisorTest, PowerOffWithoutMatchNamesWhatIsMissing) {
    start({.expect = {"seen", "never"}});
    print("seen\n");
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 38);
    EXPECT_THAT(junit(), HasSubstr("the guest powered off; not seen: 'never'"));
    EXPECT_THAT(junit(), Not(HasSubstr("not seen: 'seen'")));
}

TEST_F(SupervisorTest, WithNothingToExpectPoweringOffIsFine) {
    start({});
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 0);
}

TEST_F(SupervisorTest, LastWordsCount) {
    start({.expect = {"PASS"}});
    const std::string_view text = "PASS";
    tap->send({reinterpret_cast<const u8*>(text.data()), text.size()});
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 0);
    EXPECT_TRUE(machine.quits.empty());
}

TEST_F(SupervisorTest, TimeoutExplainsTheHang) {
    start({.expect = {"never"}, .trace = true, .timeout_seconds = 30});
    machine.trace = "a record\nanother\n";
    machine.accel->preset(accel::CoreReg::Pc, 0x4000'0010);
    machine.accel->preset(accel::x_reg(30), 0x4000'0020);
    time.pass_seconds(29);
    EXPECT_FALSE(ended());
    time.pass_seconds(1);
    EXPECT_TRUE(ended());
    EXPECT_EQ(supervisor->conclude(), 36);
    for (const std::string& text : {log->text, junit()}) {
        EXPECT_THAT(text, HasSubstr("timeout: nothing conclusive in 30 s; not seen: 'never'"));
        EXPECT_THAT(text, HasSubstr("PC 0x0000000040000010 spin+0x10/0x40"));
        EXPECT_THAT(text, HasSubstr("LR 0x0000000040000020 spin+0x20/0x40"));
        EXPECT_THAT(text, HasSubstr("vCPU 0: running at EL1h, MMU off"));
        EXPECT_THAT(text, HasSubstr("  another"));
    }
}

TEST_F(SupervisorTest, AFailureJustBeforeTheTimeoutCounts) {
    start({.fail = {"FAIL"}, .timeout_seconds = 5});
    time.pass(4'900'000'000);
    print("FAIL\n");
    time.pass_seconds(10);
    EXPECT_EQ(supervisor->conclude(), 37);
}

TEST_F(SupervisorTest, ASignalIsNoVerdictOfTheGuest) {
    start({.expect = {"never"}});
    supervisor->host_signal("terminating on signal 15 from pid 1 (init)");
    machine.quit(ShutdownCause::HostSignal);
    EXPECT_EQ(supervisor->conclude(), 39);
    EXPECT_THAT(log->text, HasSubstr("interrupted: terminating on signal 15 from pid 1 (init)"));
    EXPECT_THAT(log->text, HasSubstr("vCPU 0: running"));
    EXPECT_THAT(junit(), HasSubstr("errors=\"1\""));
}

TEST_F(SupervisorTest, AMonitorThatQuitsIsNone) {
    start({.expect = {"never"}});
    shut_down(ShutdownCause::HostUi);
    EXPECT_EQ(supervisor->conclude(), 39);
}

TEST_F(SupervisorTest, AMachineThatFails) {
    start({.expect = {"never"}});
    supervisor->machine_failed("vCPU 0: KVM_RUN failed");
    EXPECT_EQ(supervisor->conclude(), 33);
    EXPECT_THAT(junit(), HasSubstr("vCPU 0: KVM_RUN failed"));
    EXPECT_THAT(log->text, HasSubstr("PC 0x"));
}

TEST_F(SupervisorTest, AnUnwritableResultIsAnInternalError) {
    start({});
    std::filesystem::remove_all(directory);
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 33);
}

TEST_F(SupervisorTest, ASlowLogSlowsTheGuestAndLosesNothing) {
    start({.expect = {"last"}});
    log->room = 3;
    print("first\n");
    EXPECT_EQ(log->text, "fir");
    log->room = 1 << 20;
    log->receiver->send_ready();
    EXPECT_EQ(log->text, "first\n");
    log->room = 0;
    print("last\n");
    EXPECT_FALSE(ended());
    log->room = 1 << 20;
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 0);
    EXPECT_THAT(log->text, HasSubstr("first\nlast\n"));
}

TEST_F(SupervisorTest, TheTailInTheJunitFileIsBounded) {
    start({});
    for (int i = 0; i < 20'000; ++i) {
        print(fmt::format("line {:08} of many\n", i));
        port.room = 1 << 20;
        log->room = 1 << 20;
    }
    shut_down(ShutdownCause::GuestShutdown);
    EXPECT_EQ(supervisor->conclude(), 0);
    EXPECT_LT(junit().size(), ConsoleSupervisor::kTailBytes + 4096);
    EXPECT_THAT(junit(), HasSubstr("line 00019999"));
}

}  // namespace
}  // namespace trapeze::ci
