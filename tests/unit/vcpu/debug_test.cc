// A vCPU under a debugger: what stops it, what it goes on with, and what remains the guest's.
#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using arch::Esr;
using arch::ExceptionClass;
using Kind = DebugEvent::Kind;

constexpr u64 kVbar = 0x4000'8000;
constexpr u32 kWfi = 0;

class VcpuDebug : public VcpuFixture {
protected:
    void SetUp() override {
        start();
        accel_->preset(arch::reg::VBAR_EL1, kVbar);
    }

    // Resumes with these settings and lets it enter the guest.
    void debug(DebugSettings settings) {
        pause();
        EXPECT_TRUE(vcpu_->set_debug(std::move(settings)));
        vcpu_->resume();
        accel_->wait_idle();
    }
    void step() {
        DebugSettings settings;
        settings.guest.single_step = true;
        debug(std::move(settings));
    }
    void own_brk() {
        DebugSettings settings;
        settings.guest.software_breakpoints = true;
        debug(std::move(settings));
    }
    void debug_exit(ExceptionClass ec, u32 iss = 0, u64 far = 0) {
        accel_->preset(CoreReg::Pc, kPc);
        accel_->push(accel::DebugExit{Esr::make(ec, iss), kPc, far});
    }
    DebugEvent wait_event() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !events_.empty(); });
        const DebugEvent event = events_.front();
        events_.pop_front();
        return event;
    }
    bool has_event() {
        std::lock_guard lock(mutex_);
        return !events_.empty();
    }

    void debug_stopped(bus::VcpuIndex, const DebugEvent& event) override {
        std::lock_guard lock(mutex_);
        events_.push_back(event);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<DebugEvent> events_;
};

TEST_F(VcpuDebug, AStepOfTheCpuStopsUntilResumed) {
    step();
    const unsigned runs = accel_->runs();
    debug_exit(ExceptionClass::SoftwareStepLower, 0);
    const DebugEvent event = wait_event();
    EXPECT_EQ(event.kind, Kind::Step);
    EXPECT_EQ(event.pc, kPc);
    EXPECT_TRUE(vcpu_->is_debug_stopped());
    EXPECT_EQ(accel_->runs(), runs);
    vcpu_->resume();
    accel_->wait_idle();
    EXPECT_FALSE(vcpu_->is_debug_stopped());
    EXPECT_EQ(accel_->runs(), runs + 1);
}

TEST_F(VcpuDebug, AnInstructionFinishedHereIsAStep) {
    step();
    accel_->preset(accel::x_reg(0), kVersionCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(wait_event().pc, kPc + 4);
    EXPECT_EQ(accel_->reg(accel::x_reg(0)), kVersion);
}

TEST_F(VcpuDebug, AStepDoesNotSleepInWfi) {
    step();
    begin_trap(ExceptionClass::Wfx, kWfi);
    EXPECT_EQ(wait_event().pc, kPc + 4);
}

TEST_F(VcpuDebug, AStepOverMmioHasItsResult) {
    step();
    accel_->preset(CoreReg::Pc, kPc);
    accel_->push(accel::MmioExit{mem::Gpa{kDevice + 0x40}, 4, false, 0});
    EXPECT_EQ(wait_event().kind, Kind::Step);
    EXPECT_EQ(accel_->mmio_data(), 0x40u);
    EXPECT_FALSE(accel_->exit_pending());
}

TEST_F(VcpuDebug, AStepIntoAnExceptionEndsAtTheVector) {
    step();
    accel_->preset(CoreReg::Pstate, 0x3c5);
    begin_trap(ExceptionClass::Sys64, sys(kUnknownSysReg, 0, true));
    EXPECT_EQ(wait_event().pc, kVbar + 0x200);
}

TEST_F(VcpuDebug, AStepOfCpuOffIsReported) {
    step();
    accel_->preset(accel::x_reg(0), kCpuOffCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(wait_event().kind, Kind::Step);
    EXPECT_EQ(vcpu_->power_state(), PowerState::Off);
}

TEST_F(VcpuDebug, AStepThatEndsTheMachineIsNotReported) {
    step();
    accel_->preset(accel::x_reg(0), kPowerOffCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    pause();
    EXPECT_FALSE(has_event());
    EXPECT_FALSE(vcpu_->is_debug_stopped());
}

TEST_F(VcpuDebug, BreakpointsAndWatchpointsStop) {
    DebugSettings settings;
    settings.guest.software_breakpoints = true;
    settings.guest.breakpoints = {kPc};
    settings.guest.watchpoints = {{0x1000, 8, accel::WatchKind::Write}};
    debug(std::move(settings));
    EXPECT_EQ(accel_->guest_debug().breakpoints, std::vector<u64>{kPc});
    debug_exit(ExceptionClass::BreakpointLower);
    EXPECT_EQ(wait_event().kind, Kind::HardwareBreakpoint);
    vcpu_->resume();
    accel_->wait_idle();
    debug_exit(ExceptionClass::WatchpointLower, 0, 0x1004);
    const DebugEvent watch = wait_event();
    EXPECT_EQ(watch.kind, Kind::Watchpoint);
    EXPECT_EQ(watch.address, 0x1004u);
    vcpu_->resume();
    accel_->wait_idle();
    debug_exit(ExceptionClass::Brk64, kDebuggerBrk);
    EXPECT_EQ(wait_event().kind, Kind::SoftwareBreakpoint);
}

TEST_F(VcpuDebug, AnotherBrkIsTheGuests) {
    own_brk();
    accel_->preset(CoreReg::Pstate, 0x5);
    debug_exit(ExceptionClass::Brk64, 0x800);
    accel_->wait_idle();
    EXPECT_FALSE(has_event());
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kVbar + 0x200);
    EXPECT_EQ(accel_->reg(CoreReg::ElrEl1), kPc);
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), Esr::make(ExceptionClass::Brk64, 0x800).value);
}

TEST_F(VcpuDebug, ABrkWithTheDebuggersImmediateCanBeGivenBack) {
    own_brk();
    accel_->preset(CoreReg::Pstate, 0x5);
    debug_exit(ExceptionClass::Brk64, kDebuggerBrk);
    EXPECT_EQ(wait_event().kind, Kind::SoftwareBreakpoint);
    pause();
    vcpu_->reflect_breakpoint();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kVbar + 0x200);
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), Esr::make(ExceptionClass::Brk64, kDebuggerBrk).value);
}

TEST_F(VcpuDebug, TheGuestsOwnHardwareBreakpointsGoToIt) {
    own_brk();
    accel_->preset(CoreReg::Pstate, 0x5);
    debug_exit(ExceptionClass::BreakpointLower, 0x22);
    accel_->wait_idle();
    EXPECT_FALSE(has_event());
    // Taken from EL1, where it was taken to EL2 from a lower level.
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), Esr::make(ExceptionClass::BreakpointCurrent, 0x22).value);
    accel_->preset(CoreReg::Pstate, 0x0);
    debug_exit(ExceptionClass::WatchpointLower, 0x22, 0x5000);
    accel_->wait_idle();
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), Esr::make(ExceptionClass::WatchpointLower, 0x22).value);
    EXPECT_EQ(accel_->get(arch::reg::FAR_EL1), 0x5000u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kVbar + 0x400);
}

TEST_F(VcpuDebug, AHeldVcpuStaysWhereItIs) {
    pause();
    EXPECT_TRUE(vcpu_->set_debug({.guest = {}, .held = true, .catches = {}}));
    const unsigned runs = accel_->runs();
    vcpu_->resume();
    pause();
    EXPECT_EQ(accel_->runs(), runs);
    EXPECT_TRUE(vcpu_->set_debug({}));
    vcpu_->resume();
    accel_->wait_idle();
    EXPECT_GT(accel_->runs(), runs);  // the pause has left a kick, which is a run too
}

TEST_F(VcpuDebug, ACaughtTrapStopsBeforeItIsServedAndPassesOnce) {
    debug({.guest = {}, .held = false, .catches = [](const trap::Trap& t, trap::CpuPort&) {
               return std::holds_alternative<trap::HypercallTrap>(t) ? std::optional<std::string>("call")
                                                                     : std::nullopt;
           }});
    accel_->preset(accel::x_reg(0), kVersionCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    const DebugEvent event = wait_event();
    EXPECT_EQ(event.kind, Kind::Catch);
    EXPECT_EQ(event.text, "call");
    EXPECT_EQ(event.pc, kPc);
    EXPECT_FALSE(event.completed);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc);
    EXPECT_EQ(accel_->reg(accel::x_reg(0)), kVersionCall);  // nothing has happened

    pause();
    vcpu_->pass_catch();
    vcpu_->resume();
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);
    accel_->wait_idle();
    EXPECT_FALSE(has_event());
    EXPECT_EQ(accel_->reg(accel::x_reg(0)), kVersion);

    accel_->preset(accel::x_reg(0), kVersionCall);
    begin_trap(ExceptionClass::Hvc64, 0, kPc + 4);  // once only
    EXPECT_EQ(wait_event().kind, Kind::Catch);
}

TEST_F(VcpuDebug, ACaughtMmioAccessIsFinishedFirst) {
    debug({.guest = {}, .held = false, .catches = [](const trap::Trap& t, trap::CpuPort&) {
               return std::holds_alternative<trap::MmioTrap>(t) ? std::optional<std::string>("mmio")
                                                                : std::nullopt;
           }});
    accel_->preset(CoreReg::Pc, kPc);
    accel_->push(accel::MmioExit{mem::Gpa{kDevice}, 4, true, 1});
    const DebugEvent event = wait_event();
    EXPECT_TRUE(event.completed);
    EXPECT_EQ(device_.written, 1u);
    EXPECT_FALSE(accel_->exit_pending());
}

TEST_F(VcpuDebug, ResetEndsADebugStop) {
    step();
    debug_exit(ExceptionClass::SoftwareStepLower);
    (void)wait_event();
    pause();
    vcpu_->power_off_paused();
    EXPECT_FALSE(vcpu_->is_debug_stopped());
    EXPECT_EQ(vcpu_->power_on(0x4020'0000, 5), PowerOnResult::Success);
    vcpu_->settle_power_on();  // registers can be looked at before it runs
    EXPECT_EQ(vcpu_->power_state(), PowerState::On);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x4020'0000u);
    EXPECT_EQ(accel_->reg(accel::x_reg(0)), 5u);
    const unsigned resets = accel_->resets();
    EXPECT_TRUE(vcpu_->set_debug({}));
    vcpu_->resume();
    accel_->wait_idle();
    EXPECT_EQ(accel_->resets(), resets);
}

TEST(IsWatchable, IsWhatOneRegisterPairCanMatch) {
    EXPECT_TRUE(accel::is_watchable(0x1003, 5));
    EXPECT_FALSE(accel::is_watchable(0x1004, 5));
    EXPECT_TRUE(accel::is_watchable(0x1000, 8));
    EXPECT_TRUE(accel::is_watchable(0x1000, 16));
    EXPECT_FALSE(accel::is_watchable(0x1008, 16));
    EXPECT_FALSE(accel::is_watchable(0x1000, 24));
    EXPECT_FALSE(accel::is_watchable(0x1000, 0));
    EXPECT_TRUE(accel::is_watchable(0x8000'0000, u64{1} << 31));
    EXPECT_FALSE(accel::is_watchable(0, u64{1} << 32));
}

}  // namespace
}  // namespace trapeze::vcpu
