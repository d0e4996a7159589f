// How emulated loads and stores end in registers, and the monitor of exclusives.
#include "vcpu_fixture.h"

namespace trapeze::vcpu {
namespace {

using accel::CoreReg;
using accel::x_reg;

class LoadStoreTest : public VcpuFixture {
protected:
    LoadStoreTest() { accel_->preset(x_reg(1), kDevice); }

    void code(std::initializer_list<u32> instructions) {
        u64 at = kPc;
        for (const u32 instruction : instructions) {
            u8 bytes[4];
            for (unsigned n = 0; n < 4; ++n) bytes[n] = static_cast<u8>(instruction >> (8 * n));
            ASSERT_TRUE(memory_.write(mem::Gpa{at}, bytes));
            at += 4;
        }
    }
    void access() {
        start();
        accel_->preset(x_reg(1), kDevice);
        play(accel::UndescribedMmioExit{mem::Gpa{kDevice}, 0});
    }
    // The CPU has executed one more instruction.
    void step_to(u64 pc) {
        accel_->preset(CoreReg::Pc, pc);
        play(accel::DebugExit{arch::Esr::make(arch::ExceptionClass::SoftwareStepLower, 0), pc, 0});
    }
    u64 pc() { return accel_->reg(CoreReg::Pc); }
};

constexpr u32 kLoadExclusive = 0x885f7c22;   // ldxr w2, [x1]
constexpr u32 kStoreExclusive = 0x88037c24;  // stxr w3, w4, [x1]
constexpr u32 kNop = 0xd503201f;

TEST_F(LoadStoreTest, WritesRegistersBaseAndPc) {
    code({0xa8c10c22});  // ldp x2, x3, [x1], #16
    accel_->preset(CoreReg::Pstate, kEl1h);
    access();
    EXPECT_EQ(accel_->reg(x_reg(2)), 0xdead'beef'0000'0000u);
    EXPECT_EQ(accel_->reg(x_reg(3)), 0xdead'beef'0000'0008u);
    EXPECT_EQ(accel_->reg(x_reg(1)), kDevice + 16);
    EXPECT_EQ(pc(), kPc + 4);
}

TEST_F(LoadStoreTest, LongVectorsAreZeroAbove) {
    accel_->preset_vector_length(32);
    u8 value[32];
    std::ranges::fill(value, u8{0xff});
    accel_->set_vector(accel::VectorReg::Z, 5, value);
    code({0x3dc00025});  // ldr q5, [x1]
    access();
    accel_->get_vector(accel::VectorReg::Z, 5, value);
    EXPECT_EQ(value[8], 8);
    EXPECT_TRUE(std::ranges::all_of(std::span(value).subspan(16), [](u8 byte) { return byte == 0; }));
}

TEST_F(LoadStoreTest, ExclusivesAreSteppedUntilTheStore) {
    code({kLoadExclusive, kNop, kStoreExclusive});
    access();
    EXPECT_EQ(accel_->reg(x_reg(2)), 0u);
    EXPECT_TRUE(accel_->guest_debug().single_step);
    accel_->preset(x_reg(3), 7);
    accel_->preset(x_reg(4), 0x55);
    step_to(kPc + 8);
    EXPECT_EQ(accel_->reg(x_reg(3)), 0u);
    EXPECT_EQ(device_.written, 0x55u);
    EXPECT_EQ(pc(), kPc + 12);
    EXPECT_FALSE(accel_->guest_debug().single_step);
}

TEST_F(LoadStoreTest, AdjacentExclusivesNeedNoStep) {
    code({kLoadExclusive, kStoreExclusive});
    accel_->preset(x_reg(4), 0x66);
    access();
    EXPECT_EQ(device_.written, accel_->reg(x_reg(4)));
    EXPECT_EQ(pc(), kPc + 8);
    EXPECT_FALSE(accel_->guest_debug().single_step);
}

TEST_F(LoadStoreTest, SteppingEnds) {
    code({kLoadExclusive});
    access();
    for (unsigned n = 0; n < 40 && accel_->guest_debug().single_step; ++n) step_to(kPc + 0x100);
    EXPECT_FALSE(accel_->guest_debug().single_step);
}

TEST_F(LoadStoreTest, NoMonitorNoExclusives) {
    accel_->refuse_guest_debug(true);
    accel_->preset(arch::reg::VBAR_EL1, 0x8000'0000);
    code({kLoadExclusive});
    access();
    EXPECT_EQ(pc(), 0x8000'0200u);
}

TEST_F(LoadStoreTest, ADebuggerClearsTheMonitor) {
    code({kLoadExclusive, kNop, kStoreExclusive});
    access();
    pause();
    ASSERT_TRUE(vcpu_->set_debug({}));
    EXPECT_FALSE(accel_->guest_debug().single_step);
    vcpu_->resume();
    accel_->wait_idle();
    accel_->preset(CoreReg::Pc, kPc + 8);
    device_.written = 0;
    play(accel::UndescribedMmioExit{mem::Gpa{kDevice}, 0});
    EXPECT_EQ(accel_->reg(x_reg(3)), 1u);
    EXPECT_EQ(device_.written, 0u);
}

}  // namespace
}  // namespace trapeze::vcpu
