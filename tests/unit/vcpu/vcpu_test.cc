#include "trapeze/vcpu/vcpu.h"

#include "trapeze/arch/pstate.h"
#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;
using arch::Esr;
using arch::ExceptionClass;

class VcpuTest : public VcpuFixture {
protected:
    VcpuTest() : VcpuFixture({.pan = true}) {}
    void SetUp() override {
        start(0x77);
        accel_->preset(CoreReg::Pc, kPc);
    }

    void set_private_level(bus::VcpuIndex, bus::IntId id, bool level) override {
        if (bus::to_number(id) == 27) timer_level_.store(level);
    }
    void machine_stop_requested(bus::VcpuIndex, trap::StopReason) override { stops_.fetch_add(1); }
    void vcpu_failed(bus::VcpuIndex, const std::string& reason) override {
        std::lock_guard lock(failure_mutex_);
        failure_ = reason;
        failed_.notify_all();
    }
    void reset_pe_state(bus::VcpuIndex) override { pe_resets_.fetch_add(1); }

    std::atomic<bool> timer_level_{false};
    std::atomic<int> stops_{0};
    std::atomic<int> pe_resets_{0};
    std::mutex failure_mutex_;
    std::condition_variable failed_;
    std::string failure_;
};

TEST_F(VcpuTest, PowerOnResetsAndSetsEntryAndContext) {
    EXPECT_EQ(accel_->resets(), 1u);
    EXPECT_EQ(pe_resets_, 1);
    EXPECT_EQ(accel_->reg(x_reg(0)), 0x77u);
    EXPECT_EQ(vcpu_->power_state(), PowerState::On);
    EXPECT_EQ(vcpu_->power_on(0, 0), PowerOnResult::AlreadyOn);
}

TEST_F(VcpuTest, SysRegReadWritesRtAndSkips) {
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    EXPECT_EQ(accel_->reg(x_reg(5)), regs_.value);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(VcpuTest, ReadIntoXzrIsDiscardedAndWriteFromXzrIsZero) {
    accel_->preset(CoreReg::Sp, 0x55);  // CoreReg 31: must not be taken for X31
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 31, true));
    EXPECT_EQ(accel_->reg(CoreReg::Sp), 0x55u);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 31, false));
    EXPECT_EQ(regs_.value, 0u);
}

TEST_F(VcpuTest, SkippingClearsBtypeAndSs) {
    accel_->preset(CoreReg::Pstate, kEl1h | 3u << 10 | 1u << 21);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 0, false));
    EXPECT_EQ(accel_->reg(CoreReg::Pstate), kEl1h);
}

TEST_F(VcpuTest, UnknownRegisterIsUndefAtTheInstruction) {
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    accel_->preset(arch::reg::SCTLR_EL1, 0);  // SPAN clear: PAN is set on entry
    trap(ExceptionClass::Sys64, sys(kUnknownSysReg, 0, true));
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x8000'0200u);  // current EL with SP_ELx, synchronous
    EXPECT_EQ(accel_->reg(CoreReg::ElrEl1), kPc);
    EXPECT_EQ(accel_->reg(CoreReg::SpsrEl1), kEl1h);
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), 0x0200'0000u);  // EC 0, IL
    EXPECT_EQ(accel_->reg(CoreReg::Pstate), kEl1h | arch::Pstate::Pan::kMask);
}

TEST_F(VcpuTest, AnExceptionWithAnAddressSetsFar) {
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    accel_->preset(arch::reg::FAR_EL1, 0x77);
    trap(ExceptionClass::Sys64, sys(kUnknownSysReg, 0, true));
    EXPECT_EQ(accel_->get(arch::reg::FAR_EL1), 0x77u) << "UNDEF has none";
    accel_->preset(x_reg(6), 0xa5ff'0000'1234'5678);
    accel_->preset(CoreReg::Pc, kPc);
    trap(ExceptionClass::Sys64, sys(arch::reg::AT_S1E1R, 6, false));
    EXPECT_EQ(accel_->get(arch::reg::FAR_EL1), 0xa5ff'0000'1234'5678u);
    EXPECT_EQ(accel_->get(arch::reg::ESR_EL1), 0x9600'0154u);
    EXPECT_EQ(accel_->reg(CoreReg::ElrEl1), kPc);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x8000'0200u);
}

TEST_F(VcpuTest, El0MayNotReadAnEl1RegisterButMayReadCtr) {
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    accel_->preset(CoreReg::Pstate, 0);
    trap(ExceptionClass::Sys64, sys(arch::reg::CTR_EL0, 1, true));
    EXPECT_EQ(accel_->reg(x_reg(1)), regs_.value);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 1, true));
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x8000'0400u);  // lower EL, AArch64
}

TEST_F(VcpuTest, WriteToAReadOnlyRegisterIsUndef) {
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    trap(ExceptionClass::Sys64, sys(arch::reg::CTR_EL0, 1, false));
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x8000'0200u);
}

TEST_F(VcpuTest, HvcLeavesPcAndSmcAdvancesIt) {
    accel_->preset(x_reg(0), kVersionCall);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), kVersion);
    accel_->preset(x_reg(0), kVersionCall);
    trap(ExceptionClass::Smc64, 0, kPc);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), kVersion);
}

TEST_F(VcpuTest, HypercallReadsOnlyTheArgumentsItTakes) {
    accel_->preset(x_reg(0), kVersionCall);
    const unsigned before = accel_->core_reads();
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(accel_->core_reads() - before, 1u);

    accel_->preset(x_reg(0), kSwapCall);
    for (unsigned n = 1; n <= 3; ++n) accel_->preset(x_reg(n), 10 * n);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), 30u);
    EXPECT_EQ(accel_->reg(x_reg(2)), 10u);
    EXPECT_EQ(accel_->reg(x_reg(3)), 7u);
}

TEST_F(VcpuTest, UnknownCallAndNonZeroImmediateAreNotSupported) {
    accel_->preset(x_reg(0), 0xc600'1234);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), ~u64{0});
    accel_->preset(x_reg(0), kVersionCall);
    trap(ExceptionClass::Hvc64, 0x4a48, kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), ~u64{0});
}

TEST_F(VcpuTest, SveHintBitIsIgnored) {
    accel_->preset(x_reg(0), 0x8401'0000);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    EXPECT_EQ(accel_->reg(x_reg(0)), kVersion);
}

// Every exception class, allocated or not, must end in a completed exit.
TEST_F(VcpuTest, EveryExceptionClassIsSurvived) {
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    for (unsigned ec = 0; ec < 64; ++ec) {
        const auto c = static_cast<ExceptionClass>(ec);
        if (c == ExceptionClass::Wfx || c == ExceptionClass::Hvc64 || c == ExceptionClass::Smc64) continue;
        accel_->preset(CoreReg::Pstate, kEl1h);
        trap(c, 0x1ff'ffff);
        EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x8000'0200u) << "EC " << ec;
    }
}

TEST_F(VcpuTest, MmioGoesToTheBusAndTheAcceleratorCompletesIt) {
    play(accel::MmioExit{mem::Gpa{kDevice + 8}, 4, true, 0xab});
    EXPECT_EQ(device_.written, 0xabu);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc);
    play(accel::MmioExit{mem::Gpa{kDevice + 8}, 4, false, 0});
    EXPECT_EQ(accel_->mmio_data(), 8u);
}

TEST_F(VcpuTest, AccessThatIsNotEmulatedBecomesAnExternalAbort) {
    play(accel::UndescribedMmioExit{mem::Gpa{kDevice}, 0});
    EXPECT_TRUE(accel_->aborted());
}

TEST_F(VcpuTest, WfiSleepsUntilALineRises) {
    accel_->preset(CoreReg::Pc, kPc);
    const unsigned runs = accel_->runs();
    accel_->push(accel::TrapExit{Esr::make(ExceptionClass::Wfx, 0), kPc, 0});
    while (accel_->reg(CoreReg::Pc) != kPc + 4) std::this_thread::yield();
    EXPECT_EQ(accel_->runs(), runs);
    vcpu_->set_interrupt_lines(true, false);
    while (accel_->runs() == runs) std::this_thread::yield();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

// The race that loses wake-ups: the line rises at any moment around the start of the sleep.
TEST_F(VcpuTest, NoWakeUpIsLost) {
    for (int i = 0; i < 2000; ++i) {
        const unsigned runs = accel_->runs();
        accel_->push(accel::TrapExit{Esr::make(ExceptionClass::Wfx, 0), kPc, 0});
        for (int spin = i % 97; spin > 0; --spin) static_cast<void>(accel_->runs());
        vcpu_->set_interrupt_lines(true, false);
        while (accel_->runs() == runs) std::this_thread::yield();  // hangs when a wake-up is lost
        accel_->wait_idle();
        vcpu_->set_interrupt_lines(false, false);
    }
}

TEST_F(VcpuTest, WfiWakesWhenTheVirtualTimerIsDue) {
    accel_->preset_virtual_timer(accel::ArmedTimer{.cval = 3000, .count = 1000});  // 2 ms at 1 MHz
    trap(ExceptionClass::Wfx, 0);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(VcpuTest, WfitWakesAtItsDeadline) {
    accel_->preset(x_reg(7), 2500);  // CNTVCT is 1000
    trap(ExceptionClass::Wfx, 0b10 | 1u << 2 | 7u << 5);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(VcpuTest, WfitWithoutRegisterDoesNotSleepForever) {
    trap(ExceptionClass::Wfx, 0b10);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(VcpuTest, WfeDoesNotSleep) {
    trap(ExceptionClass::Wfx, 0b01);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(VcpuTest, TimerLevelsReachTheInterruptController) {
    accel_->set_levels({.virtual_timer = true});
    play(accel::InterruptedExit{});
    EXPECT_TRUE(timer_level_);
    accel_->set_levels({});
    play(accel::InterruptedExit{});
    EXPECT_FALSE(timer_level_);
}

TEST_F(VcpuTest, CpuOffThenOnStartsAgain) {
    accel_->preset(x_reg(0), kCpuOffCall);
    accel_->push(accel::TrapExit{Esr::make(ExceptionClass::Hvc64, 0), kPc + 4, 0});
    while (vcpu_->power_state() != PowerState::Off) std::this_thread::yield();
    EXPECT_EQ(vcpu_->power_on(0x5000'0000, 9), PowerOnResult::Success);
    accel_->wait_idle();
    EXPECT_EQ(accel_->reg(CoreReg::Pc), 0x5000'0000u);
    EXPECT_EQ(accel_->reg(x_reg(0)), 9u);
    EXPECT_EQ(accel_->resets(), 2u);
}

TEST_F(VcpuTest, PowerOffRequestReachesTheHostOnce) {
    accel_->preset(x_reg(0), kPowerOffCall);
    accel_->push(accel::TrapExit{Esr::make(ExceptionClass::Hvc64, 0), kPc + 4, 0});
    while (stops_ == 0) std::this_thread::yield();
    const unsigned runs = accel_->runs();
    pause();
    vcpu_->resume();
    EXPECT_EQ(accel_->runs(), runs);  // halted until the machine resets
    EXPECT_EQ(stops_, 1);
}

TEST_F(VcpuTest, PauseCompletesAPendingAccess) {
    vcpu_->pause();
    accel_->push(accel::MmioExit{mem::Gpa{kDevice + 8}, 4, false, 0});
    vcpu_->wait_paused();
    EXPECT_FALSE(vcpu_->accel().exit_pending());
    vcpu_->resume();
    accel_->wait_idle();
}

TEST_F(VcpuTest, PauseEndsASleepInWfi) {
    accel_->push(accel::TrapExit{Esr::make(ExceptionClass::Wfx, 0), kPc, 0});
    while (accel_->reg(CoreReg::Pc) != kPc + 4) std::this_thread::yield();
    pause();
    vcpu_->resume();
    accel_->wait_idle();
}

TEST_F(VcpuTest, AFatalExitIsReported) {
    accel_->push(accel::FatalExit{"no more"});
    std::unique_lock lock(failure_mutex_);
    failed_.wait(lock, [this] { return failure_ == "no more"; });
}

}  // namespace
}  // namespace trapeze::vcpu
