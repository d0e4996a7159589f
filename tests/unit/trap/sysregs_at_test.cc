// The AT instructions of EL1 as a guest sees them that executes one: PAR_EL1, an exception, or UNDEFINED.
// What the walker makes of registers and tables is tests/unit/mem.
#include <gtest/gtest.h>

#include <cstring>

#include "sysregs_fake_cpu.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/trap/sysregs/address_translation.h"

namespace trapeze::trap {
namespace {

namespace r = arch::reg;

constexpr u64 kRam = 0x4000'0000;
// Tables of 4 KB, one for each level from 1 on.
constexpr u64 kLevel1 = kRam + 0x1000, kLevel2 = kRam + 0x2000, kLevel3 = kRam + 0x3000;
constexpr u64 kPa = kRam + 0x5000;
constexpr u64 kVa = 0x7654'3210;  // TTBR0_EL1's half, 39 bits
constexpr u64 kTable = 0b11, kPage = 0b11 | 1 << 10 | 0b11 << 8;
constexpr u64 kAp1 = 1 << 6, kAp2 = 1 << 7;  // EL0 access, read-only
constexpr u64 kPar = 0xff00'0000'0000'0000 | kPa | 0x980;
constexpr u64 kPermission3 = 0x81f;
constexpr u64 kUntouched = 0x5555;

class AtInstructions : public testing::Test {
protected:
    explicit AtInstructions(u64 mmfr1 = 0x20'0000, u64 mmfr3 = 0, u64 isar2 = 0)  // PAN = 2
        : ids_(
              [=](arch::SysReg reg) -> std::optional<u64> {
                  if (reg == r::ID_AA64MMFR0_EL1) return 5;
                  if (reg == r::ID_AA64MMFR1_EL1) return mmfr1;
                  if (reg == r::ID_AA64MMFR3_EL1) return mmfr3;
                  if (reg == r::ID_AA64ISAR2_EL1) return isar2;
                  return 0;
              },
              {}) {
        EXPECT_TRUE(memory_.add_ram({mem::Gpa{kRam}, 0x10000}));
        space_.add(at_, AddressTranslation::table());
        cpu_.set_sysreg(r::SCTLR_EL1, 0b101);
        cpu_.set_sysreg(r::TCR_EL1, u64{5} << 32 | 25 << 16 | 25);
        cpu_.set_sysreg(r::TTBR0_EL1, kLevel1);
        cpu_.set_sysreg(r::TTBR1_EL1, 0);
        cpu_.set_sysreg(r::MAIR_EL1, 0xff);
        cpu_.set_sysreg(r::PAR_EL1, kUntouched);
        put(kLevel1 + 8 * (kVa >> 30), kLevel2 | kTable);
        put(kLevel2 + 8 * (kVa >> 21 & 511), kLevel3 | kTable);
        map(0);
    }

    void put(u64 address, u64 descriptor) {
        u8 bytes[8];
        std::memcpy(bytes, &descriptor, 8);
        ASSERT_TRUE(memory_.write(mem::Gpa{address}, bytes));
    }
    void map(u64 attributes) { put(kLevel3 + 8 * (kVa >> 12 & 511), kPa | kPage | attributes); }

    Outcome execute(arch::SysReg instruction, u64 va = kVa) {
        cpu_.set_sysreg(r::PAR_EL1, kUntouched);
        cpu_.set_x(7, va);
        return space_.handle({instruction, 7, false}, cpu_);
    }
    u64 par(arch::SysReg instruction, u64 va = kVa) {
        EXPECT_TRUE(std::holds_alternative<Advance>(execute(instruction, va)));
        return cpu_.sysreg(r::PAR_EL1);
    }
    void expect_undef(arch::SysReg instruction) {
        const Outcome outcome = execute(instruction);
        ASSERT_TRUE(std::holds_alternative<Inject>(outcome)) << arch::sysreg_to_string(instruction);
        EXPECT_EQ(std::get<Inject>(outcome).esr.value, Inject::undef().esr.value);
        EXPECT_EQ(std::get<Inject>(outcome).far, std::nullopt);
        EXPECT_EQ(cpu_.sysreg(r::PAR_EL1), kUntouched);
    }

    mem::GuestMemory memory_;
    IdRegisters ids_;
    AddressTranslation at_{ids_, memory_};
    SysRegSpace space_;
    FakeCpu cpu_;
};

// FEAT_PAN without FEAT_PAN2.
class AtWithoutPan2 : public AtInstructions {
protected:
    AtWithoutPan2() : AtInstructions(0x10'0000) {}
};

// FEAT_ATS1A, FEAT_TCR2 and FEAT_S1PIE.
class AtOfNewCpu : public AtInstructions {
protected:
    AtOfNewCpu() : AtInstructions(0x20'0000, 0x101, u64{1} << 60) {}
};

TEST_F(AtInstructions, EachAsksForItsAccess) {
    EXPECT_EQ(par(r::AT_S1E1R), kPar);
    EXPECT_EQ(par(r::AT_S1E1W), kPar);
    EXPECT_EQ(par(r::AT_S1E0R), kPermission3);
    EXPECT_EQ(par(r::AT_S1E0W), kPermission3);
    EXPECT_EQ(par(r::AT_S1E1RP), kPar);
    EXPECT_EQ(par(r::AT_S1E1WP), kPar);
    map(kAp2);
    EXPECT_EQ(par(r::AT_S1E1R), kPar);
    EXPECT_EQ(par(r::AT_S1E1W), kPermission3);
    EXPECT_EQ(par(r::AT_S1E1RP), kPar);
    EXPECT_EQ(par(r::AT_S1E1WP), kPermission3);
    map(kAp1 | kAp2);
    EXPECT_EQ(par(r::AT_S1E0R), kPar);
    EXPECT_EQ(par(r::AT_S1E0W), kPermission3);
    map(kAp1);
    EXPECT_EQ(par(r::AT_S1E0W), kPar);
}

TEST_F(AtInstructions, PanIsThatOfPstate) {
    map(kAp1);
    EXPECT_EQ(par(r::AT_S1E1RP), kPar);
    EXPECT_EQ(par(r::AT_S1E1WP), kPar);
    cpu_.set_pan(true);
    EXPECT_EQ(par(r::AT_S1E1RP), kPermission3);
    EXPECT_EQ(par(r::AT_S1E1WP), kPermission3);
    EXPECT_EQ(par(r::AT_S1E1R), kPar);
    EXPECT_EQ(par(r::AT_S1E0R), kPar);
}

TEST_F(AtInstructions, FaultsAreReported) {
    put(kLevel3 + 8 * (kVa >> 12 & 511), 0);
    EXPECT_EQ(par(r::AT_S1E1R), 0x80fu);
    put(kLevel2 + 8 * (kVa >> 21 & 511), 0);
    EXPECT_EQ(par(r::AT_S1E1R), 0x80du);
}

TEST_F(AtInstructions, WithTheMmuOffTheAddressIsTheResult) {
    cpu_.set_sysreg(r::SCTLR_EL1, 0);
    EXPECT_EQ(par(r::AT_S1E1R), (kVa & ~u64{0xfff}) | 0x900);
    EXPECT_EQ(par(r::AT_S1E0W), (kVa & ~u64{0xfff}) | 0x900);
}

TEST_F(AtInstructions, XzrIsAddressZero) {
    cpu_.set_sysreg(r::SCTLR_EL1, 0);
    ASSERT_TRUE(std::holds_alternative<Advance>(space_.handle({r::AT_S1E1R, 31, false}, cpu_)));
    EXPECT_EQ(cpu_.sysreg(r::PAR_EL1), 0x900u);
}

TEST_F(AtInstructions, UndefinedAtEl0AndAsSysl) {
    for (const arch::SysReg at :
         {r::AT_S1E1R, r::AT_S1E1W, r::AT_S1E0R, r::AT_S1E0W, r::AT_S1E1RP, r::AT_S1E1WP}) {
        cpu_.set_el(0);
        expect_undef(at);
        cpu_.set_el(1);
        EXPECT_TRUE(std::holds_alternative<Inject>(space_.handle({at, 7, true}, cpu_)));
        EXPECT_NE(par(at), kUntouched);
    }
}

TEST_F(AtInstructions, S1E1aIsUndefinedWithoutItsFeature) {
    expect_undef(r::AT_S1E1A);
}

TEST_F(AtWithoutPan2, ThoseWithPanAreUndefined) {
    expect_undef(r::AT_S1E1RP);
    expect_undef(r::AT_S1E1WP);
    EXPECT_EQ(par(r::AT_S1E1R), kPar);
}

TEST_F(AtOfNewCpu, RegistersOfFeaturesAreRead) {
    cpu_.set_sysreg(r::TCR2_EL1, 0);
    cpu_.set_sysreg(r::PIR_EL1, 0);
    cpu_.set_sysreg(r::PIRE0_EL1, 0);
    EXPECT_EQ(par(r::AT_S1E1R), kPar);
    cpu_.set_sysreg(r::TCR2_EL1, 1 << 1);  // PIE: the permissions are those of PIR_EL1, none
    EXPECT_EQ(par(r::AT_S1E1R), kPermission3);
    EXPECT_EQ(par(r::AT_S1E1A), kPar) << "asks for none";
}

// "AArch64.AT": the instruction takes the abort itself, synchronously, and PAR_EL1 is not written.
TEST_F(AtInstructions, ExternalAbortOnTheWalkIsADataAbort) {
    const auto expect_abort = [this](u64 va, u64 status) {
        for (const arch::SysReg at : {r::AT_S1E1R, r::AT_S1E1W, r::AT_S1E0R, r::AT_S1E0W}) {
            const Outcome outcome = execute(at, va);
            ASSERT_TRUE(std::holds_alternative<Inject>(outcome));
            const Inject& inject = std::get<Inject>(outcome);
            // EC 0x25, IL, CM and WnR.
            EXPECT_EQ(inject.esr.value, u64{0x25} << 26 | 1 << 25 | 1 << 8 | 1 << 6 | status);
            EXPECT_EQ(inject.far, va);
            EXPECT_EQ(cpu_.sysreg(r::PAR_EL1), kUntouched);
        }
    };
    put(kLevel2 + 8 * (kVa >> 21 & 511), 0x1'0000'0000 | kTable);
    expect_abort(kVa, 0x17);
    put(kLevel1 + 8 * (kVa >> 30), 0x1000 | kTable);
    expect_abort(kVa, 0x16);
    cpu_.set_sysreg(r::TTBR0_EL1, kRam - 0x1000);
    expect_abort(kVa, 0x15);
    expect_abort(~u64{0} << 20, 0x15);
    // FAR_EL1 has the tag, too.
    cpu_.set_sysreg(r::TCR_EL1, cpu_.sysreg(r::TCR_EL1) | u64{1} << 37);
    expect_abort(u64{0x5a} << 56 | kVa, 0x15);
}

}  // namespace
}  // namespace trapeze::trap
