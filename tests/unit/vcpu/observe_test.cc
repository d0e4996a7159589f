// What an observer of exits is told, and that nothing is when nobody asks.
#include <mutex>
#include <vector>

#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;
using arch::ExceptionClass;

class Recorder final : public ExitObserver {
public:
    void thread_started() override {
        std::lock_guard lock(mutex);
        EXPECT_TRUE(exits.empty());
        ++threads;
    }
    void exit_observed(const ObservedExit& exit) override {
        std::lock_guard lock(mutex);
        exits.push_back(exit);
    }
    // The last one that is not an interruption, which setting up a vCPU may cause.
    ObservedExit last() {
        std::lock_guard lock(mutex);
        for (auto it = exits.rbegin(); it != exits.rend(); ++it) {
            if (it->kind != ObservedExit::Kind::Interrupted) return *it;
        }
        ADD_FAILURE() << "nothing was observed";
        return {};
    }
    std::size_t count() {
        std::lock_guard lock(mutex);
        return exits.size();
    }

    std::mutex mutex;
    std::vector<ObservedExit> exits;
    int threads = 0;
};

class ObserveTest : public VcpuFixture {
protected:
    void start(bool observed) {
        vcpu_->set_observer(recorder_);
        vcpu_->observe(observed);
        VcpuFixture::start();
        accel_->preset(CoreReg::Pc, kPc);
        accel_->preset(CoreReg::Pstate, kEl1h);
    }
    template <typename T>
    static T as(const ObservedExit& exit) {
        EXPECT_EQ(exit.kind, ObservedExit::Kind::Trap);
        if (exit.trap) {
            if (const T* trap = std::get_if<T>(&*exit.trap)) return *trap;
        }
        ADD_FAILURE() << "another trap";
        return {};
    }
    static void expect_times(const ObservedExit& e) {
        EXPECT_GT(e.entered_ns, 0u);
        EXPECT_LE(e.entered_ns, e.exited_ns);
        EXPECT_LE(e.exited_ns, e.done_ns);
        EXPECT_EQ(e.guest_ns() + e.handling_ns() + e.blocked_ns(), e.done_ns - e.entered_ns);
    }

    Recorder recorder_;
};

TEST_F(ObserveTest, NothingWhileOffAndEverythingFromTheNextEntryOn) {
    start(false);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    EXPECT_EQ(recorder_.count(), 0u);
    EXPECT_EQ(recorder_.threads, 1);
    vcpu_->observe(true);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));  // entered before
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    EXPECT_EQ(recorder_.count(), 1u);
    vcpu_->observe(false);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));  // entered before
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    EXPECT_EQ(recorder_.count(), 2u);
}

TEST_F(ObserveTest, SystemRegisters) {
    start(true);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 5, true));
    ObservedExit exit = recorder_.last();
    EXPECT_TRUE(as<trap::SysRegTrap>(exit).is_read);
    EXPECT_EQ(as<trap::SysRegTrap>(exit).reg, arch::reg::ACTLR_EL1);
    EXPECT_EQ(exit.value, regs_.value);
    EXPECT_EQ(exit.pc, kPc);
    EXPECT_FALSE(exit.exception);
    expect_times(exit);

    accel_->preset(x_reg(7), 0x77);
    trap(ExceptionClass::Sys64, sys(arch::reg::ACTLR_EL1, 7, false));
    exit = recorder_.last();
    EXPECT_FALSE(as<trap::SysRegTrap>(exit).is_read);
    EXPECT_EQ(exit.value, 0x77u);

    trap(ExceptionClass::Sys64, sys(kUnknownSysReg, 0, true));
    exit = recorder_.last();
    EXPECT_TRUE(exit.exception);
    EXPECT_EQ(exit.value, std::nullopt);
}

TEST_F(ObserveTest, HypercallsWithTheirArgumentsAndResult) {
    start(true);
    accel_->preset(x_reg(0), kVersionCall);
    for (unsigned n = 1; n < 4; ++n) accel_->preset(x_reg(n), 16 * n);
    trap(ExceptionClass::Hvc64, 0, kPc + 4);
    const ObservedExit exit = recorder_.last();
    EXPECT_EQ(as<trap::HypercallTrap>(exit).conduit, trap::Conduit::Hvc);
    EXPECT_EQ(exit.arguments, (std::array<u64, 4>{kVersionCall, 16, 32, 48}));
    EXPECT_EQ(exit.value, kVersion);
    EXPECT_EQ(exit.pc, kPc + 4);
}

TEST_F(ObserveTest, MmioWithData) {
    start(true);
    play(accel::MmioExit{mem::Gpa{kDevice + 0x18}, 4, false, 0});
    ObservedExit exit = recorder_.last();
    EXPECT_EQ(as<trap::MmioTrap>(exit).address.value, kDevice + 0x18);
    EXPECT_EQ(exit.value, 0x18u);
    play(accel::MmioExit{mem::Gpa{kDevice}, 1, true, 'x'});
    exit = recorder_.last();
    EXPECT_TRUE(as<trap::MmioTrap>(exit).is_write);
    EXPECT_EQ(exit.value, u64{'x'});
    play(accel::UndescribedMmioExit{mem::Gpa{kDevice}, 0x1234});
    exit = recorder_.last();
    EXPECT_EQ(as<trap::UndescribedMmioTrap>(exit).iss, 0x1234u);
    EXPECT_TRUE(exit.exception);
}

TEST_F(ObserveTest, SleepIsApartFromHandling) {
    start(true);
    // One microsecond per tick: WFI sleeps for 20 ms.
    accel_->preset_virtual_timer(accel::ArmedTimer{.cval = 20'000, .count = 0});
    trap(ExceptionClass::Wfx, 0);
    const ObservedExit exit = recorder_.last();
    EXPECT_EQ(as<trap::WfxTrap>(exit).kind, arch::WfxKind::Wfi);
    EXPECT_GE(exit.blocked_ns(), 20'000'000u);
    EXPECT_LE(exit.exited_ns, exit.blocked_from_ns);
    EXPECT_LE(exit.blocked_until_ns, exit.done_ns);
    expect_times(exit);
}

TEST_F(ObserveTest, InterruptionsAreExitsToo) {
    start(true);
    const std::size_t before = recorder_.count();
    play(accel::InterruptedExit{});
    EXPECT_EQ(recorder_.count(), before + 1);
    std::lock_guard lock(recorder_.mutex);
    EXPECT_EQ(recorder_.exits.back().kind, ObservedExit::Kind::Interrupted);
    EXPECT_FALSE(recorder_.exits.back().trap.has_value());
}

}  // namespace
}  // namespace trapeze::vcpu
