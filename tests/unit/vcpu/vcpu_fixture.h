// A vCPU on a fake accelerator with a few registers, calls and a device of its own.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "fake_accel.h"
#include "fake_host.h"

namespace trapeze::vcpu {

inline constexpr u64 kPc = 0x4000'0100;
inline constexpr u64 kEl1h = 0x3c5;
inline constexpr u64 kRam = 0x4000'0000;
inline constexpr u64 kRamSize = 0x1'0000;
inline constexpr u64 kDevice = 0x0900'0000;

inline constexpr arch::SysReg kUnknownSysReg(3, 0, 15, 1, 1);

struct TestRegs {
    u64 value = 0x1122'3344'5566'7788;
    u64 get() { return value; }
    void put(u64 v) { value = v; }
    trap::SysRegWrite abort(trap::CpuPort&, u64 v) {
        return trap::Inject{arch::Esr::make(arch::ExceptionClass::DataAbortCurrent, 0x154), v};
    }
};
inline constexpr trap::SysRegRow<TestRegs> kTestRegs[] = {
    trap::rows::wo<&TestRegs::abort>(arch::reg::AT_S1E1R, "test"),
    trap::rows::rw<&TestRegs::get, &TestRegs::put>(arch::reg::ACTLR_EL1, "test"),
    trap::rows::ro<&TestRegs::get>(arch::reg::CTR_EL0, "test", trap::MinEl::El0),
};
static_assert(trap::valid_sysreg_table(kTestRegs));

inline constexpr u64 kVersionCall = 0x8400'0000;
inline constexpr u64 kVersion = 0x1'0003;
inline constexpr u64 kCpuOffCall = 0x8400'0002;
inline constexpr u64 kPowerOffCall = 0x8400'0008;
inline constexpr u64 kSwapCall = 0xc400'0050;  // X1 to X3 come back the other way round in X0 to X2, and 7

inline constexpr u64 kRedirectCall = 0xc400'0051;  // goes on at kRedirected, at EL0, with X0 = 0x55
inline constexpr u64 kRedirected = 0x4007'0000;

struct TestCalls {
    std::function<void()> on_version;  // on the vCPU's thread, before the call returns
};
inline constexpr trap::HypercallRow<TestCalls> kTestCalls[] = {
    {kVersionCall, 0,
     [](TestCalls& owner, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         if (owner.on_version) owner.on_version();
         return trap::CallResult{{kVersion}, 1};
     },
     "test"},
    {kCpuOffCall, 0,
     [](TestCalls&, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         return trap::Stop{trap::StopReason::CpuOff};
     },
     "test"},
    {kPowerOffCall, 0,
     [](TestCalls&, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         return trap::Stop{trap::StopReason::PowerOff};
     },
     "test"},
    {kSwapCall, 3,
     [](TestCalls&, trap::CpuPort&, const trap::HypercallArgs& a) -> trap::Outcome {
         return trap::CallResult{{a.x3, a.x2, a.x1, 7}, 4};
     },
     "test"},
    {kRedirectCall, 0,
     [](TestCalls&, trap::CpuPort&, const trap::HypercallArgs&) -> trap::Outcome {
         return trap::Redirect{.pc = kRedirected, .pstate = arch::Pstate::kModeEl0t, .count = 1, .x = {0x55}};
     },
     "test"},
};
static_assert(trap::valid_hypercall_table(kTestCalls));

// Reads as the offset, below bits that no access is wide enough for.
class TestDevice final : public bus::MmioDevice {
public:
    u64 mmio_read(const bus::MmioAccess& a) override {
        if (on_read) on_read();
        return 0xdead'beef'0000'0000 + a.offset;
    }
    void mmio_write(const bus::MmioAccess&, u64 v) override { written = v; }
    void reset() override {}
    std::string_view name() const override { return "test"; }
    u64 written = 0;
    std::function<void()> on_read;  // on the vCPU's thread, before the access is done
};

class VcpuFixture : public testing::Test, public FakeHost {
protected:
    explicit VcpuFixture(const Vcpu::Config& config) {
        sysregs_.add(regs_, std::span(kTestRegs));
        calls_.add(call_owner_, std::span(kTestCalls));
        bus_.add({mem::Gpa{kDevice}, 0x1000}, device_);
        EXPECT_TRUE(memory_.add_ram({mem::Gpa{kRam}, kRamSize}));
        auto owned = std::make_unique<FakeAccel>();
        accel_ = owned.get();
        vcpu_ = std::make_unique<Vcpu>(config, std::move(owned), trap::Handlers{sysregs_, calls_, bus_, memory_},
                                       *this, *this);
    }
    explicit VcpuFixture(EntryFeatures features = {}) : VcpuFixture(fake_config(0, features)) {}
    // Its thread must not meet a fixture that is half destroyed.
    void TearDown() override { vcpu_->quit(); }

    // Turned on, and in the guest at kPc.
    void start(u64 context = 0) {
        ASSERT_TRUE(vcpu_->start());
        ASSERT_EQ(vcpu_->power_on(kPc, context), PowerOnResult::Success);
        vcpu_->resume();
        accel_->wait_idle();
    }
    void pause() {
        vcpu_->pause();
        vcpu_->wait_paused();
    }
    // Plays an exit and waits for its completion, after which the vCPU is in the guest again.
    void play(accel::Exit exit) {
        accel_->push(std::move(exit));
        accel_->wait_idle();
    }
    // The same for a trapped instruction at kPc (or after it, for HVC).
    void trap(arch::ExceptionClass ec, u32 iss, u64 pc = kPc) {
        begin_trap(ec, iss, pc);
        accel_->wait_idle();
    }
    // Does not wait.
    void begin_trap(arch::ExceptionClass ec, u32 iss, u64 pc = kPc) {
        accel_->preset(accel::CoreReg::Pc, pc);
        accel_->push(accel::TrapExit{arch::Esr::make(ec, iss), pc, 0});
    }
    static u32 sys(arch::SysReg reg, unsigned rt, bool read) {
        return arch::SysRegIss{reg, static_cast<u8>(rt), read}.encode();
    }

    TestRegs regs_;
    TestCalls call_owner_;
    TestDevice device_;
    trap::SysRegSpace sysregs_;
    trap::HypercallSpace calls_;
    bus::MmioBus bus_;
    mem::GuestMemory memory_;
    FakeAccel* accel_ = nullptr;
    std::unique_ptr<Vcpu> vcpu_;  // last: its thread uses everything above
};

}  // namespace trapeze::vcpu
