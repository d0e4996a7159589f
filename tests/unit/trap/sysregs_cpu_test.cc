#include <gtest/gtest.h>

#include <map>

#include "sysregs_fake_cpu.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/trap/sysregs/cpu_sysregs.h"

namespace trapeze::trap {
namespace {

namespace r = arch::reg;

// MMFR1.LO = 1, PFR0.RAS = 1, 6 breakpoints, 4 watchpoints.
const std::map<arch::SysReg, u64> kCortexA76{
    {r::MIDR_EL1, 0x414f'd0b1},
    {r::REVIDR_EL1, 0x55},
    {r::AIDR_EL1, 0},
    {r::CTR_EL0, 0x8444'c004},
    {r::CLIDR_EL1, 0x8200'0023},
    {r::ID_AA64PFR0_EL1, 0x1100'0000'1111'1111},
    {r::ID_AA64DFR0_EL1, 0x0000'0000'1030'5408},
    {r::ID_AA64MMFR1_EL1, 0x1021'2122},
};

class CpuSysRegs : public testing::Test {
protected:
    explicit CpuSysRegs(std::map<arch::SysReg, u64> values = kCortexA76)
        : ids_(
              [values](arch::SysReg reg) -> std::optional<u64> {
                  const auto found = values.find(reg);
                  return found == values.end() ? std::nullopt : std::optional(found->second);
              },
              {.gic_system_registers = true}) {
        add_cpu_sysregs(space_, registers_);
    }

    Outcome read(arch::SysReg reg, u8 rt = 5) { return space_.handle({reg, rt, true}, cpu_); }
    Outcome write(arch::SysReg reg, u64 value) {
        cpu_.set_x(5, value);
        return space_.handle({reg, 5, false}, cpu_);
    }
    void expect_value(arch::SysReg reg, u64 value) {
        const Outcome outcome = read(reg);
        ASSERT_TRUE(std::holds_alternative<WriteReg>(outcome)) << arch::sysreg_to_string(reg);
        EXPECT_EQ(std::get<WriteReg>(outcome).value, value) << arch::sysreg_to_string(reg);
        EXPECT_EQ(std::get<WriteReg>(outcome).rt, 5);
    }
    static bool is_undef(const Outcome& outcome) {
        const auto* inject = std::get_if<Inject>(&outcome);
        return inject != nullptr && inject->esr.ec() == arch::ExceptionClass::Unknown;
    }
    static bool is_done(const Outcome& outcome) { return std::holds_alternative<Advance>(outcome); }

    IdRegisters ids_;
    CacheSizes caches_ = read_cache_sizes([](u64 csselr) -> std::optional<u64> {
        if (csselr <= 2) return 0x700f'e01a + csselr;
        return std::nullopt;
    });
    mem::GuestMemory memory_;
    PerVcpuSysRegs registers_{ids_, caches_, memory_};
    SysRegSpace space_;
    FakeCpu cpu_;
};

// The same CPU with RAS, LORegions and the rest left out.
class BareCpuSysRegs : public CpuSysRegs {
protected:
    BareCpuSysRegs() : CpuSysRegs({}) {}
};

class NewCpuSysRegs : public CpuSysRegs {
protected:
    NewCpuSysRegs()
        : CpuSysRegs({{r::ID_AA64PFR0_EL1, 0x2000'0011},             // RASv1p1
                      {r::ID_AA64PFR1_EL1, 0x320},                   // MTE3, SSBS2
                      {r::ID_AA64MMFR0_EL1, 0x1000'0000'0000'0000},  // ECV
                      {r::ID_AA64MMFR3_EL1, 0x1'0111}}) {}           // S1POE, S1PIE, SCTLRX, TCRX
};

TEST_F(CpuSysRegs, IdRegistersReadAndAreNotWritten) {
    expect_value(r::ID_AA64PFR0_EL1, 0x1100'0000'1111'1111);
    expect_value(r::MIDR_EL1, 0x414f'd0b1);
    expect_value(r::REVIDR_EL1, 0x55);
    expect_value(r::AIDR_EL1, 0);
    expect_value(arch::SysReg(3, 0, 0, 6, 7), 0);
    EXPECT_TRUE(is_undef(write(r::ID_AA64PFR0_EL1, 0)));
    cpu_.set_sysreg(r::MPIDR_EL1, 0x8000'0003);
    expect_value(r::MPIDR_EL1, 0x8000'0003);
}

TEST_F(CpuSysRegs, IdRegistersAreUndefinedAtEl0) {
    cpu_.set_el(0);
    for (unsigned crm = 1; crm <= 7; ++crm) {
        for (unsigned op2 = 0; op2 <= 7; ++op2) EXPECT_TRUE(is_undef(read(arch::SysReg(3, 0, 0, crm, op2))));
    }
}

TEST_F(CpuSysRegs, OnlyCtrOfTheCacheRegistersIsReadableAtEl0) {
    cpu_.set_el(0);
    expect_value(r::CTR_EL0, 0x8444'c004);
    EXPECT_TRUE(is_undef(write(r::CTR_EL0, 0)));
    EXPECT_TRUE(is_undef(read(r::CLIDR_EL1)));
    EXPECT_TRUE(is_undef(read(r::CCSIDR_EL1)));
    EXPECT_TRUE(is_undef(write(r::CSSELR_EL1, 0)));
}

TEST_F(CpuSysRegs, CcsidrFollowsCsselr) {
    expect_value(r::CLIDR_EL1, 0x8200'0023);
    expect_value(r::CCSIDR_EL1, 0x700f'e01a);
    for (u64 csselr = 0; csselr < 16; ++csselr) {
        EXPECT_TRUE(is_done(write(r::CSSELR_EL1, csselr)));
        expect_value(r::CSSELR_EL1, csselr);
        expect_value(r::CCSIDR_EL1, csselr <= 2 ? 0x700f'e01a + csselr : 0);
    }
    EXPECT_TRUE(is_undef(write(r::CCSIDR_EL1, 0)));
    EXPECT_TRUE(is_undef(read(r::CCSIDR2_EL1)));
}

TEST_F(CpuSysRegs, CsselrKeepsOnlyLevelAndInD) {
    EXPECT_TRUE(is_done(write(r::CSSELR_EL1, 0xffff'ffff'ffff'fff2)));
    expect_value(r::CSSELR_EL1, 2);
    expect_value(r::CCSIDR_EL1, 0x700f'e01c);
    registers_.reset();
    expect_value(r::CSSELR_EL1, 0);
}

TEST_F(CpuSysRegs, ActlrIgnoresWrites) {
    cpu_.set_sysreg(r::ACTLR_EL1, 0x30);
    EXPECT_TRUE(is_done(write(r::ACTLR_EL1, 0xffff)));
    expect_value(r::ACTLR_EL1, 0x30);
}

TEST_F(CpuSysRegs, NoErrorRecords) {
    for (const arch::SysReg reg : {r::ERRIDR_EL1, r::ERXFR_EL1}) {
        expect_value(reg, 0);
        EXPECT_TRUE(is_undef(write(reg, 1))) << arch::sysreg_to_string(reg);
    }
    for (const arch::SysReg reg : {r::ERRSELR_EL1, r::ERXCTLR_EL1, r::ERXSTATUS_EL1, r::ERXADDR_EL1,
                                   r::ERXMISC0_EL1, r::ERXMISC1_EL1}) {
        EXPECT_TRUE(is_done(write(reg, ~u64{0}))) << arch::sysreg_to_string(reg);
        expect_value(reg, 0);
    }
    for (const arch::SysReg reg : {r::ERXPFGF_EL1, r::ERXPFGCTL_EL1, r::ERXMISC2_EL1, r::ERXGSR_EL1})
        EXPECT_TRUE(is_undef(read(reg))) << arch::sysreg_to_string(reg);
}

TEST_F(NewCpuSysRegs, NoErrorRecordsWithRasV1p1) {
    expect_value(r::ERXPFGF_EL1, 0);
    EXPECT_TRUE(is_undef(write(r::ERXPFGF_EL1, 0)));
    EXPECT_TRUE(is_done(write(r::ERXMISC3_EL1, 7)));
    expect_value(r::ERXMISC3_EL1, 0);
}

TEST_F(BareCpuSysRegs, WithoutTheFeatureTheRegistersAreUndefined) {
    for (const arch::SysReg reg :
         {r::ERRIDR_EL1, r::ERRSELR_EL1, r::ERXFR_EL1, r::ERXSTATUS_EL1, r::LORSA_EL1, r::LORID_EL1,
          r::TCR2_EL1, r::SCTLR2_EL1, r::PIR_EL1, r::PIRE0_EL1, r::POR_EL1, r::POR_EL0, r::GCR_EL1,
          r::RGSR_EL1, r::TFSR_EL1, r::TFSRE0_EL1, r::CNTPCTSS_EL0}) {
        EXPECT_TRUE(is_undef(read(reg))) << arch::sysreg_to_string(reg);
        EXPECT_TRUE(is_undef(write(reg, 0))) << arch::sysreg_to_string(reg);
    }
    EXPECT_TRUE(is_undef(write(r::DC_CIGDSW, 0)));
}

TEST_F(NewCpuSysRegs, RegistersOfAdvertisedFeaturesAreTheAccelerators) {
    for (const arch::SysReg reg : {r::TCR2_EL1, r::SCTLR2_EL1, r::PIR_EL1, r::PIRE0_EL1, r::POR_EL1,
                                   r::POR_EL0, r::GCR_EL1, r::RGSR_EL1, r::TFSR_EL1, r::TFSRE0_EL1}) {
        EXPECT_TRUE(is_done(write(reg, 0x1234))) << arch::sysreg_to_string(reg);
        EXPECT_EQ(cpu_.sysreg(reg), 0x1234u);
        cpu_.set_sysreg(reg, 0x5678);
        expect_value(reg, 0x5678);
    }
    EXPECT_TRUE(is_done(write(r::DC_CIGDSW, 0)));
}

TEST_F(CpuSysRegs, LorRegionsAreAdvertisedEmpty) {
    expect_value(r::LORID_EL1, 0);
    EXPECT_TRUE(is_undef(write(r::LORID_EL1, 0)));
    for (const arch::SysReg reg : {r::LORSA_EL1, r::LOREA_EL1, r::LORN_EL1, r::LORC_EL1}) {
        EXPECT_TRUE(is_done(write(reg, ~u64{0})));
        expect_value(reg, 0);
    }
}

TEST_F(CpuSysRegs, SetWayMaintenanceIsWriteOnlyAndDone) {
    for (const arch::SysReg reg : {r::DC_ISW, r::DC_CSW, r::DC_CISW}) {
        EXPECT_TRUE(is_done(write(reg, 0)));
        EXPECT_TRUE(is_undef(read(reg)));
    }
    cpu_.set_el(0);
    EXPECT_TRUE(is_undef(write(r::DC_CISW, 0)));
}

TEST_F(CpuSysRegs, VirtualMemoryControlGoesToTheAccelerator) {
    EXPECT_TRUE(is_done(write(r::TTBR0_EL1, 0x4000'0000)));
    EXPECT_EQ(cpu_.sysreg(r::TTBR0_EL1), 0x4000'0000u);
    cpu_.set_el(0);
    EXPECT_TRUE(is_undef(read(r::TTBR0_EL1)));
}

TEST_F(CpuSysRegs, OsLock) {
    cpu_.set_sysreg(r::OSLSR_EL1, 0x8);  // OSLM: implemented
    EXPECT_TRUE(is_done(write(r::OSLAR_EL1, 1)));
    expect_value(r::OSLSR_EL1, 0xa);
    EXPECT_TRUE(is_done(write(r::OSLAR_EL1, 0)));
    expect_value(r::OSLSR_EL1, 0x8);
    EXPECT_TRUE(is_undef(read(r::OSLAR_EL1)));
    EXPECT_TRUE(is_undef(write(r::OSLSR_EL1, 0)));
    EXPECT_TRUE(is_done(write(r::OSDLR_EL1, 1)));
    expect_value(r::OSDLR_EL1, 0);
    expect_value(r::MDRAR_EL1, 0);
}

TEST_F(CpuSysRegs, BreakpointsExistAsFarAsTheIdRegisterSays) {
    EXPECT_TRUE(is_done(write(r::DBGBVR5_EL1, 0x40'0000)));
    EXPECT_EQ(cpu_.sysreg(r::DBGBVR5_EL1), 0x40'0000u);
    expect_value(r::DBGBVR5_EL1, 0x40'0000);
    EXPECT_TRUE(is_undef(write(r::DBGBVR6_EL1, 0)));
    EXPECT_TRUE(is_undef(read(r::DBGBCR6_EL1)));
    EXPECT_TRUE(is_done(write(r::DBGWCR3_EL1, 1)));
    EXPECT_TRUE(is_undef(write(r::DBGWCR4_EL1, 1)));
    EXPECT_TRUE(is_done(write(r::DBGWVR3_EL1, 0)));
    EXPECT_TRUE(is_undef(read(r::DBGWVR4_EL1)));
    EXPECT_TRUE(is_undef(read(r::DBGWVR15_EL1)));
}

TEST_F(CpuSysRegs, DebugChannelIsEmptyAlsoForEl0) {
    cpu_.set_el(0);
    expect_value(r::MDCCSR_EL0, 0);
    expect_value(r::DBGDTRRX_EL0, 0);
    EXPECT_TRUE(is_done(write(r::DBGDTR_EL0, 1)));
    EXPECT_TRUE(is_undef(write(r::MDCCSR_EL0, 1)));
    EXPECT_TRUE(is_undef(read(r::MDSCR_EL1)));
}

TEST_F(CpuSysRegs, TimerValueIsASignedViewOfTheCompareValue) {
    cpu_.set_sysreg(r::CNTPCT_EL0, 0x1'0000'0000);
    cpu_.set_sysreg(r::CNTP_CVAL_EL0, 0x1'0000'0010);
    expect_value(r::CNTP_TVAL_EL0, 0x10);
    cpu_.set_sysreg(r::CNTP_CVAL_EL0, 0xffff'fff0);
    expect_value(r::CNTP_TVAL_EL0, 0xffff'fff0);  // -16 in 32 bits

    EXPECT_TRUE(is_done(write(r::CNTP_TVAL_EL0, 0x20)));
    EXPECT_EQ(cpu_.sysreg(r::CNTP_CVAL_EL0), 0x1'0000'0020u);
    EXPECT_TRUE(is_done(write(r::CNTP_TVAL_EL0, 0xabcd'0000'ffff'ffff)));
    EXPECT_EQ(cpu_.sysreg(r::CNTP_CVAL_EL0), 0xffff'ffffu);

    cpu_.set_sysreg(r::CNTVCT_EL0, 100);
    EXPECT_TRUE(is_done(write(r::CNTV_TVAL_EL0, 5)));
    EXPECT_EQ(cpu_.sysreg(r::CNTV_CVAL_EL0), 105u);
}

TEST_F(CpuSysRegs, TimersThatArriveGoToTheAccelerator) {
    cpu_.set_el(0);
    cpu_.set_sysreg(r::CNTVCT_EL0, 77);
    expect_value(r::CNTVCT_EL0, 77);
    EXPECT_TRUE(is_undef(write(r::CNTVCT_EL0, 0)));
    EXPECT_TRUE(is_done(write(r::CNTP_CTL_EL0, 1)));
    EXPECT_EQ(cpu_.sysreg(r::CNTP_CTL_EL0), 1u);
    EXPECT_TRUE(is_undef(read(r::CNTVCTSS_EL0)));
}

TEST_F(NewCpuSysRegs, SelfSynchronisedCountersComeWithEcv) {
    cpu_.set_sysreg(r::CNTPCT_EL0, 42);
    expect_value(r::CNTPCTSS_EL0, 42);
}

TEST_F(CpuSysRegs, HiddenRegistersAreUndefinedInBothDirectionsAndAtBothLevels) {
    for (const unsigned el : {0u, 1u}) {
        cpu_.set_el(el);
        for (const arch::SysReg reg :
             {r::PMCR_EL0,    r::PMUSERENR_EL0, r::PMEVCNTR30_EL0,   r::PMCCFILTR_EL0, r::PMINTENSET_EL1,
              r::PMMIR_EL1,   r::AMCR_EL0,      r::AMEVTYPER115_EL0, r::PMSIDR_EL1,    r::PMBPTR_EL1,
              r::TRBSR_EL1,   r::TRFCR_EL1,     r::TRCIDR0,          r::TRCRSCTLR31,   r::BRBCR_EL1,
              r::BRBINF0_EL1, r::MPAM0_EL1,     r::MPAM1_EL1,        r::MPAMIDR_EL1,   r::SCXTNUM_EL0,
              r::SCXTNUM_EL1, r::ACCDATA_EL1,   r::TPIDR2_EL0,       r::SMIDR_EL1,     r::GMID_EL1,
              r::RNDR,        r::RNDRRS,        r::HCR_EL2,          r::SCTLR_EL12,    r::CNTV_CTL_EL02,
              r::ICH_LR0_EL2, r::SCR_EL3,       r::CNTPS_CTL_EL1,    r::APIAKEYLO_EL1, r::TLBI_VAE1OS,
              r::TLBI_RVAE1,  r::AT_S1E2R,      r::DBGVCR32_EL2}) {
            const SysRegEntry* entry = space_.find(reg);
            ASSERT_NE(entry, nullptr) << arch::sysreg_to_string(reg);
            EXPECT_TRUE(entry->hidden) << arch::sysreg_to_string(reg);
            EXPECT_TRUE(is_undef(read(reg))) << arch::sysreg_to_string(reg);
            EXPECT_TRUE(is_undef(write(reg, 0))) << arch::sysreg_to_string(reg);
        }
    }
}

// Nothing that a guest needs every day hides among the families, and the GIC stays free for its owner.
TEST_F(CpuSysRegs, FamiliesDoNotSwallowOrdinaryRegisters) {
    for (const arch::SysReg reg :
         {r::VBAR_EL1, r::TPIDR_EL1, r::TPIDR_EL0, r::CNTKCTL_EL1, r::CPACR_EL1, r::TLBI_VAE1IS, r::IC_IALLU,
          r::DC_CIVAC, r::ICC_PMR_EL1, r::ICC_IAR1_EL1, r::ICC_SGI1R_EL1, r::ICC_NMIAR1_EL1, r::ISR_EL1})
        EXPECT_EQ(space_.find(reg), nullptr) << arch::sysreg_to_string(reg);
}

// Walks every encoding: no access throws (asks the accelerator for a register that KVM lacks) or does
// anything but UNDEF for what is not in the tables.
TEST_F(BareCpuSysRegs, EveryEncodingHasAnAnswer) {
    for (const SysRegEntry& entry : space_.entries()) {
        if (!entry.hidden) cpu_.set_sysreg(entry.reg, 0);  // the accelerator's own
    }
    for (u32 encoding = 0; encoding <= 0xffff; ++encoding) {
        const auto reg = arch::SysReg::from_encoding(static_cast<u16>(encoding));
        const SysRegEntry* entry = space_.find(reg);
        const Outcome outcomes[] = {read(reg), write(reg, ~u64{0})};
        if (entry == nullptr || entry->hidden) {
            EXPECT_TRUE(is_undef(outcomes[0]) && is_undef(outcomes[1])) << arch::sysreg_to_string(reg);
        } else {
            EXPECT_TRUE(is_undef(outcomes[0]) || std::holds_alternative<WriteReg>(outcomes[0]));
            EXPECT_TRUE(is_undef(outcomes[1]) || is_done(outcomes[1]));
        }
    }
}

TEST_F(CpuSysRegs, MarkdownListsEveryRegisterOnce) {
    const std::string text = sysregs_markdown(space_);
    EXPECT_NE(text.find("| CTR_EL0 | S3_3_C0_C0_1 | EL0 | - | DDI0487 CTR_EL0 |\n"), std::string::npos);
    EXPECT_NE(text.find("| OSLAR_EL1 | S2_0_C1_C0_4 | - | EL1 | DDI0487 OSLAR_EL1 |\n"), std::string::npos);
    EXPECT_NE(text.find("| DDI0487 FEAT_MPAM | MPAMIDR_EL1, MPAM1_EL1, MPAM0_EL1"), std::string::npos);
    for (const SysRegEntry& entry : space_.entries()) {
        const std::string name = arch::sysreg_to_string(entry.reg);
        EXPECT_NE(text.find(name), std::string::npos) << name;
    }
}

}  // namespace
}  // namespace trapeze::trap
