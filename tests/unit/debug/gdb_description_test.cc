// The target description and the catch points.
#include <gmock/gmock.h>

#include "gdb/catch_points.h"
#include "gdb/registers.h"

namespace trapeze::debug::gdb {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(GdbDescription, NumbersCoreAndFloatingPointAsGdbDoes) {
    const RegisterLayout layout = make_register_layout({});
    ASSERT_EQ(layout.registers.size(), 68u);
    EXPECT_EQ(layout.registers[kPcNumber].bytes, 8u);
    EXPECT_EQ(layout.registers[kCpsrNumber].bytes, 4u);
    EXPECT_EQ(layout.registers[34].bytes, 16u);
    EXPECT_THAT(layout.xml, HasSubstr("<feature name=\"org.gnu.gdb.aarch64.core\">"));
    EXPECT_THAT(layout.xml, HasSubstr("<feature name=\"org.gnu.gdb.aarch64.fpu\">"));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"v31\" bitsize=\"128\" regnum=\"65\""));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"fpcr\" bitsize=\"32\" regnum=\"67\""));
    EXPECT_THAT(layout.xml, Not(HasSubstr("pauth")));
}

TEST(GdbDescription, SveReplacesTheFpu) {
    const RegisterLayout layout = make_register_layout({.vector_length = 32, .pauth = true, .system = {}});
    EXPECT_THAT(layout.xml, Not(HasSubstr("aarch64.fpu")));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"z0\" bitsize=\"256\" regnum=\"34\""));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"p0\" bitsize=\"32\" regnum=\"68\""));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"ffr\" bitsize=\"32\" regnum=\"84\""));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"vg\" bitsize=\"64\" regnum=\"85\""));
    EXPECT_THAT(layout.xml, HasSubstr("<reg name=\"pauth_cmask_high\" bitsize=\"64\" regnum=\"89\""));
}

TEST(GdbDescription, SystemRegistersAreReadableWithoutSideEffects) {
    const auto list = readable_system_registers();
    const auto has = [&list](arch::SysReg reg) { return std::ranges::find(list, reg) != list.end(); };
    EXPECT_TRUE(has(arch::reg::SCTLR_EL1));
    EXPECT_TRUE(has(arch::reg::ICC_PMR_EL1));
    EXPECT_TRUE(has(arch::reg::CNTV_CTL_EL0));
    EXPECT_TRUE(has(arch::reg::MDSCR_EL1));
    EXPECT_TRUE(has(arch::reg::SP_EL1));
    EXPECT_FALSE(has(arch::reg::ICC_IAR1_EL1));
    EXPECT_FALSE(has(arch::reg::DBGDTR_EL0));
    EXPECT_FALSE(has(arch::reg::DC_CIVAC));
    const RegisterLayout layout = make_register_layout({.vector_length = 0, .pauth = false, .system = list});
    EXPECT_EQ(layout.registers.size(), 68 + list.size());
    EXPECT_EQ(layout.registers.back().reg, list.back());
}

class Cpu final : public trap::CpuPort {
public:
    bus::VcpuIndex index() const override { return 0; }
    u64 pc() const override { return 0; }
    u64 x(unsigned n) override { return n == 31 ? 0 : regs[n]; }
    arch::Pstate pstate() override { return {0x3c5}; }
    u64 sysreg(arch::SysReg) override { return 0; }
    void set_sysreg(arch::SysReg, u64) override {}
    u64 regs[31] = {};
};

class GdbCatch : public testing::Test {
protected:
    std::string command(std::string_view text) {
        bool changed = false;
        return points_.command(text, changed);
    }
    // What stops the vCPU, or nothing.
    std::string caught(const trap::Trap& trap) {
        const vcpu::TrapFilter filter = points_.filter();
        return filter ? filter(trap, cpu_).value_or("") : "";
    }

    CatchPoints points_;
    Cpu cpu_;
};

TEST_F(GdbCatch, Hypercalls) {
    const trap::Trap call = trap::HypercallTrap{trap::Conduit::Smc, 0};
    EXPECT_EQ(caught(call), "");
    EXPECT_EQ(command("sdei"), "Catchpoint 1 (sdei)\n");
    EXPECT_EQ(command("hypercall 0x84000003"), "Catchpoint 2 (hypercall 0x84000003)\n");
    cpu_.regs[0] = 0xc400'0021;
    EXPECT_EQ(caught(call), "Catchpoint 1: SMC #0 X0=0xc4000021 sdei X1=0x0 X2=0x0 X3=0x0");
    cpu_.regs[0] = 0x8400'0003;
    EXPECT_THAT(caught(call), HasSubstr("Catchpoint 2: SMC #0 X0=0x84000003 psci"));
    cpu_.regs[0] = 0x8400'0004;
    EXPECT_EQ(caught(call), "");
    EXPECT_EQ(caught(trap::WfxTrap{arch::WfxKind::Wfi, false, 0}), "");
    EXPECT_EQ(command("delete 2"), "");
    EXPECT_EQ(command("delete 2"), "no catch point number '2'\n");
    EXPECT_EQ(command(""), "1    sdei\n");
    EXPECT_EQ(command("delete"), "");
    EXPECT_EQ(command(""), "no catch points\n");
    EXPECT_FALSE(points_.filter());
}

TEST_F(GdbCatch, SystemRegistersByName) {
    EXPECT_EQ(command("sysreg icc_sgi1r_el1"), "Catchpoint 1 (sysreg icc_sgi1r_el1)\n");
    EXPECT_EQ(command("  sysreg   S3_0_C15_C2_0 "), "Catchpoint 2 (sysreg S3_0_C15_C2_0)\n");
    cpu_.regs[4] = 0x10001;
    EXPECT_EQ(caught(trap::SysRegTrap{arch::reg::ICC_SGI1R_EL1, 4, false}),
              "Catchpoint 1: MSR ICC_SGI1R_EL1, X4 = 0x10001");
    EXPECT_EQ(caught(trap::SysRegTrap{arch::SysReg(3, 0, 15, 2, 0), 31, true}),
              "Catchpoint 2: MRS XZR, S3_0_C15_C2_0");
    EXPECT_EQ(caught(trap::SysRegTrap{arch::reg::ICC_PMR_EL1, 4, false}), "");
    EXPECT_EQ(command("sysreg nonsense"), "no system register 'nonsense'\n");
}

TEST_F(GdbCatch, TheRest) {
    (void)command("wfx");
    (void)command("mmio 9000018");
    (void)command("unexpected");
    EXPECT_EQ(caught(trap::WfxTrap{arch::WfxKind::Wfi, false, 0}), "Catchpoint 1: WFI");
    EXPECT_EQ(caught(trap::MmioTrap{mem::Gpa{0x900'0018}, 4, true, 7}),
              "Catchpoint 2: MMIO write of 4 bytes at 0x9000018, value 0x7");
    EXPECT_EQ(caught(trap::MmioTrap{mem::Gpa{0x900'0014}, 8, false, 0}),
              "Catchpoint 2: MMIO read of 8 bytes at 0x9000014");
    EXPECT_EQ(caught(trap::MmioTrap{mem::Gpa{0x900'0014}, 4, false, 0}), "");
    EXPECT_THAT(caught(trap::UnexpectedTrap{arch::ExceptionClass::Sve, 3}), HasSubstr("ISS 0x3"));
    EXPECT_THAT(command("nonsense"), HasSubstr("cannot catch 'nonsense'"));
    EXPECT_EQ(command("wfx 3"), "catch wfx takes no argument\n");
    EXPECT_EQ(command("mmio xyz"), "'xyz' is not a hexadecimal number\n");
}

TEST_F(GdbCatch, TheNumberOfPointsIsBounded) {
    for (int n = 0; n < 64; ++n) (void)command("wfx");
    EXPECT_EQ(command("wfx"), "too many catch points\n");
}

}  // namespace
}  // namespace trapeze::debug::gdb
