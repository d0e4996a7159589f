// A vCPU whose accelerator does more than run it: calls come without a syndrome, and PSCI may be its own.
#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;

// For what a vCPU does before it sleeps, of which no exit tells. A test that waits in vain times out.
template <typename Condition>
void wait_until(Condition condition) {
    while (!condition()) std::this_thread::yield();
}

class ForwardedCalls : public VcpuFixture {
protected:
    void SetUp() override { start(); }
    void call(u64 function, bool smc) {
        accel_->preset(x_reg(0), function);
        accel_->preset(CoreReg::Pc, kPc + 4);
        play(accel::HypercallExit{.smc = smc, .pc = kPc + 4});
    }
};

TEST_F(ForwardedCalls, HvcAndSmcAreBehindUs) {
    for (const bool smc : {false, true}) {
        call(kVersionCall, smc);
        EXPECT_EQ(accel_->reg(x_reg(0)), kVersion);
        EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
    }
}

TEST_F(ForwardedCalls, UnknownOnesAreNotSupported) {
    call(0xc400'0001, false);
    EXPECT_EQ(accel_->reg(x_reg(0)), trap::kSmcccNotSupported);
    EXPECT_EQ(accel_->reg(CoreReg::Pc), kPc + 4);
}

TEST_F(ForwardedCalls, CpuOff) {
    accel_->preset(x_reg(0), kCpuOffCall);
    accel_->push(accel::HypercallExit{.smc = false, .pc = kPc + 4});
    wait_until([this] { return vcpu_->power_state() == PowerState::Off; });
    EXPECT_EQ(accel_->runs(), 1u);
}

class PsciOfTheAccelerator : public VcpuFixture {
protected:
    PsciOfTheAccelerator() : VcpuFixture(config()) {}
    void SetUp() override { start(); }
    void machine_stop_requested(bus::VcpuIndex, trap::StopReason reason) override {
        (reason == trap::StopReason::Reset ? resets_ : power_offs_).fetch_add(1);
    }
    static Vcpu::Config config() {
        Vcpu::Config config = fake_config(1);
        config.accel_manages_power = true;
        return config;
    }
    std::atomic<int> resets_{0};
    std::atomic<int> power_offs_{0};
};

TEST_F(PsciOfTheAccelerator, EndsTheMachine) {
    accel_->push(accel::SystemEventExit{accel::SystemEventExit::Kind::PowerOff});
    wait_until([this] { return power_offs_ + resets_ != 0; });
    EXPECT_EQ(power_offs_, 1);
    pause();
    EXPECT_EQ(accel_->runs(), 1u) << "the vCPU waits for the machine";
}

TEST_F(PsciOfTheAccelerator, RestartsTheMachine) {
    accel_->push(accel::SystemEventExit{accel::SystemEventExit::Kind::Reset});
    wait_until([this] { return power_offs_ + resets_ != 0; });
    EXPECT_EQ(resets_, 1);
}

TEST_F(PsciOfTheAccelerator, IsAskedWhoIsOffAtEachPause) {
    EXPECT_EQ(vcpu_->power_state(), PowerState::On);
    accel_->preset_off(true);
    pause();
    EXPECT_EQ(vcpu_->power_state(), PowerState::Off);
    accel_->preset_off(false);
    vcpu_->resume();
    accel_->wait_idle();
    pause();
    EXPECT_EQ(vcpu_->power_state(), PowerState::On);
}

// Whoever runs first may have the accelerator turn others on.
TEST_F(PsciOfTheAccelerator, IsResetBeforeAnyVcpuRuns) {
    pause();
    vcpu_->power_off_paused();
    ASSERT_EQ(vcpu_->power_on(0, 0), PowerOnResult::Success);
    accel_->preset_off(true);
    vcpu_->settle_power_on();
    EXPECT_EQ(accel_->resets(), 2u);
    EXPECT_EQ(vcpu_->power_state(), PowerState::Off);
    vcpu_->resume();
    accel_->wait_idle();
    EXPECT_EQ(accel_->resets(), 2u);
}

}  // namespace
}  // namespace trapeze::vcpu
