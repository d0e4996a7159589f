// The human monitor's commands about translation, with tables in the RAM of a machine.
#include <gmock/gmock.h>

#include "fake_machine.h"
#include "trapeze/debug/hmp.h"

namespace trapeze::debug {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr u64 kRam = FakeMachine::kRam;
constexpr u64 kRoot = kRam + 0x10000;  // level 1 of TTBR0_EL1
constexpr u64 kMiddle = kRoot + 0x1000;
constexpr u64 kPages = kRoot + 0x2000;
constexpr u64 kTable = 3, kPage = 3, kBlock = 1;
constexpr u64 kAf = 1 << 10, kNg = 1 << 11, kInner = 3 << 8, kEl0 = 1 << 6, kReadOnly = 1 << 7;
constexpr u64 kContiguous = bit(52), kPxn = bit(53), kUxn = bit(54);
constexpr u64 kKernelData = kAf | kInner | kPxn | kUxn;
constexpr u64 kDevice = 1 << 2;  // AttrIndx
constexpr u64 kMair = 0xff | 0x04 << 8;

class HmpTranslation : public testing::Test {
protected:
    // 39 bits of TTBR0_EL1 with 4KB pages; the first GB has a table, of which the first 2MB have one.
    HmpTranslation() {
        vcpu::FakeAccel& cpu = *machine.accels[0];
        cpu.preset(arch::reg::SCTLR_EL1, 0b101);
        cpu.preset(arch::reg::TCR_EL1, u64{25} | u64{1} << 23 | u64{0b101} << 32);
        cpu.preset(arch::reg::TTBR0_EL1, kRoot);
        cpu.preset(arch::reg::MAIR_EL1, kMair);
        cpu.preset(arch::reg::ID_AA64MMFR0_EL1, 0x1125);
        machine.store_u64(kRoot, kMiddle | kTable);
        machine.store_u64(kMiddle, kPages | kTable);
    }
    void map(u64 va, u64 pa, u64 attributes) {
        machine.store_u64(kPages + (va >> 12) * 8, pa | kPage | attributes);
    }
    std::string run(std::string_view line) { return hmp.execute(line); }

    FakeMachine machine;
    Hmp hmp{machine};
};

TEST_F(HmpTranslation, TlbHasALineForMappingsThatContinueEachOther) {
    map(0x1000, kRam + 0x5000, kKernelData);
    map(0x2000, kRam + 0x6000, kKernelData);
    map(0x3000, kRam + 0x9000, kKernelData);
    map(0x4000, kRam + 0xa000, kAf | kNg | kEl0 | kReadOnly | kInner | kContiguous);
    map(0x6000, 0x900'0000, kAf | kPxn | kUxn | kDevice);
    map(0x7000, kRam + 0xb000, kInner | kPxn | kUxn);
    machine.store_u64(kMiddle + 8, kRam | kBlock | kKernelData);
    EXPECT_EQ(run("info tlb"),
              "0000000000001000-0000000000002fff: 0000040005000 2 x 4K L3 rw-/--- AF -- - AttrIndx=0 0xff "
              "Normal WB(RW) ISH\n"
              "0000000000003000-0000000000003fff: 0000040009000 1 x 4K L3 rw-/--- AF -- - AttrIndx=0 0xff "
              "Normal WB(RW) ISH\n"
              "0000000000004000-0000000000004fff: 000004000a000 1 x 4K L3 r-x/r-x AF nG C AttrIndx=0 0xff "
              "Normal WB(RW) ISH\n"
              "0000000000006000-0000000000006fff: 0000009000000 1 x 4K L3 rw-/--- AF -- - AttrIndx=1 0x04 "
              "Device-nGnRE OSH\n"
              "0000000000007000-0000000000007fff: 000004000b000 1 x 4K L3 rw-/--- -- -- - AttrIndx=0 0xff "
              "Normal WB(RW) ISH\n"
              "0000000000200000-00000000003fffff: 0000040000000 1 x 2M L2 rw-/--- AF -- - AttrIndx=0 0xff "
              "Normal WB(RW) ISH\n");
}

TEST_F(HmpTranslation, MemHasALineForNeighboursOfTheSameUse) {
    map(0x1000, kRam + 0x5000, kKernelData);
    map(0x2000, kRam + 0x8000, kKernelData | kNg);
    map(0x3000, kRam + 0x9000, kKernelData | kReadOnly);
    map(0x5000, kRam + 0xa000, kKernelData | kReadOnly);
    EXPECT_EQ(run("info mem"),
              "0000000000001000-0000000000002fff:    8K rw-/--- 0xff Normal WB(RW) ISH\n"
              "0000000000003000-0000000000003fff:    4K r--/--- 0xff Normal WB(RW) ISH\n"
              "0000000000005000-0000000000005fff:    4K r--/--- 0xff Normal WB(RW) ISH\n");
}

TEST_F(HmpTranslation, AttributesOfTablesAreApplied) {
    map(0x1000, kRam, kAf | kInner | kEl0);
    machine.store_u64(kMiddle, kPages | kTable | u64{0b10} << 61 | bit(60));  // read-only, UXNTable
    EXPECT_THAT(run("info mem"), HasSubstr(" r-x/r-- ")) << "HPD is 0";
}

TEST_F(HmpTranslation, BothHalvesAreThere) {
    machine.accels[0]->preset(arch::reg::TCR_EL1,
                              u64{25} | u64{25} << 16 | u64{0b10} << 30 | u64{0b101} << 32);
    machine.accels[0]->preset(arch::reg::TTBR1_EL1, kRoot);
    map(0x1000, kRam, kKernelData);
    machine.store_u64(kRoot + 511 * 8, kRam | kBlock | kKernelData);
    EXPECT_EQ(run("info mem"),
              "0000000000001000-0000000000001fff:    4K rw-/--- 0xff Normal WB(RW) ISH\n"
              "0000007fc0000000-0000007fffffffff:    1G rw-/--- 0xff Normal WB(RW) ISH\n"
              "ffffff8000001000-ffffff8000001fff:    4K rw-/--- 0xff Normal WB(RW) ISH\n"
              "ffffffffc0000000-ffffffffffffffff:    1G rw-/--- 0xff Normal WB(RW) ISH\n");
}

TEST_F(HmpTranslation, WithTheMmuOffThereIsOneMapping) {
    EXPECT_EQ(run("cpu 1"), "");
    EXPECT_EQ(run("info tlb"),
              "0000000000000000-00000000ffffffff: 0000000000000 1 x 4G off rwx/rwx 0x00 Device-nGnRnE OSH\n");
}

TEST_F(HmpTranslation, BoundsAreInclusive) {
    for (u64 va = 0; va < 0x8000; va += 0x1000) map(va, kRam + va, kKernelData);
    EXPECT_THAT(run("info mem 0x2008"), StartsWith("0000000000002000-0000000000007fff:   24K"));
    EXPECT_THAT(run("info mem 0x2000 0x3fff"), StartsWith("0000000000002000-0000000000003fff:    8K"));
    EXPECT_THAT(run("info tlb 0x2000 0x2000"),
                StartsWith("0000000000002000-0000000000002000: 0000040002000"));
    EXPECT_EQ(run("info mem 0x8000"), "nothing is mapped\n");
    EXPECT_EQ(run("info mem 0x1000 0"), "nothing is mapped\n");
    EXPECT_EQ(run("info mem 1 2 3"), "mem: extraneous characters at the end of line\n");
}

TEST_F(HmpTranslation, TlbSaysWhatIsWrongWithTables) {
    machine.accels[0]->preset(arch::reg::ID_AA64MMFR0_EL1, 0x1124);  // 44 bits
    map(0x1000, kRam, kKernelData);
    machine.store_u64(kMiddle + 8, 0x900'0000 | kTable);  // no RAM
    machine.store_u64(kMiddle + 16, bit(44) | kPage);
    EXPECT_THAT(run("info tlb"),
                EndsWith("0000000000200000-00000000003fffff: External abort, level 3, stage 1\n"
                         "0000000000400000-00000000005fffff: Address size fault, level 2, stage 1\n"));
}

// All levels are one table: 2^27 pages, and every one another.
TEST_F(HmpTranslation, LoopsInTablesHaveAnEnd) {
    for (u64 n = 0; n < 512; ++n)
        machine.store_u64(kRoot + n * 8, kRoot | kTable | kAf | (n % 2) * kReadOnly);
    const std::string text = run("info tlb");
    EXPECT_LT(text.size(), 64 * 1024u);
    EXPECT_EQ(std::ranges::count(text, '\n'), 513);
    EXPECT_THAT(text, EndsWith("there may be more: info tlb 0x200000\n"));
    EXPECT_THAT(run("info tlb 0x200000 0x7fffffffff"),
                EndsWith("there may be more: info tlb 0x400000 0x7fffffffff\n"));
    for (u64 n = 0; n < 512; ++n) machine.store_u64(kRoot + n * 8, kRoot | kTable | kAf);
    EXPECT_EQ(run("info mem"),
              "0000000000000000-000000000fffffff:  256M rwx/--x 0xff Normal WB(RW) NSH\n"
              "there may be more: info mem 0x10000000\n")
        << "after so many walks";
}

TEST_F(HmpTranslation, AtShowsParAndWhatItSays) {
    map(0x1000, kRam + 0x5000, kKernelData);
    map(0x2000, kRam + 0x6000, kInner);
    EXPECT_EQ(run("at S1E1R 0x1234"),
              "PAR_EL1: 0xff00000040005980\n0x40005234, 4K L3, rw-/---, 0xff Normal WB(RW) ISH\n");
    EXPECT_EQ(run("at s1e0r 0x1000 + 0x234 0"), "PAR_EL1: 0x81f\nPermission fault, level 3, stage 1\n");
    EXPECT_EQ(run("at S1E1W 0x2000"), "PAR_EL1: 0x817\nAccess flag fault, level 3, stage 1\n");
    EXPECT_EQ(run("at S1E1R 0x200000"), "PAR_EL1: 0x80d\nTranslation fault, level 2, stage 1\n");
    EXPECT_EQ(run("at S1E1R 0x1234 1"), "PAR_EL1: 0x1900\n0x1234, 4G off, rwx/rwx, 0x00 Device-nGnRnE OSH\n");
}

TEST_F(HmpTranslation, AtTellsWhatTheAccessFlagWouldBecome) {
    machine.accels[0]->preset(arch::reg::ID_AA64MMFR1_EL1, 1);
    machine.accels[0]->preset(arch::reg::TCR_EL1, u64{25} | u64{1} << 23 | u64{0b101} << 32 | bit(39));
    map(0x2000, kRam + 0x6000, kInner);
    EXPECT_THAT(run("at S1E1R 0x2000"), EndsWith("ISH\nan access would set the Access flag\n"));
}

TEST_F(HmpTranslation, AtHonoursPanOfTheVcpu) {
    machine.accels[0]->preset(arch::reg::ID_AA64MMFR1_EL1, 0x20'0000);  // FEAT_PAN2
    map(0x1000, kRam, kKernelData | kEl0);
    EXPECT_THAT(run("at S1E1RP 0x1000"), StartsWith("PAR_EL1: 0xff00"));
    machine.accels[0]->preset(accel::CoreReg::Pstate, 0x3c5 | bit(22));
    EXPECT_THAT(run("at S1E1RP 0x1000"), HasSubstr("Permission fault, level 3"));
    EXPECT_THAT(run("at S1E1R 0x1000"), StartsWith("PAR_EL1: 0xff00"));
}

TEST_F(HmpTranslation, AtThatHasNoResult) {
    machine.store_u64(kMiddle + 8, 0x900'0000 | kTable);
    EXPECT_EQ(run("at S1E1R 0x200000"),
              "takes an exception, and leaves PAR_EL1 alone: External abort, level 3, stage 1\n");
    EXPECT_EQ(run("at s1e1rp 0x1000"), "AT S1E1RP is UNDEFINED on this CPU\n");
    EXPECT_EQ(run("at S12E1R 0x1000"), "AT S12E1R is UNDEFINED on this CPU\n") << "there is no EL2";
    EXPECT_EQ(run("at S1E3R 0x1000"), "there is no AT S1E3R\n");
    EXPECT_EQ(run("at S1E1R 0x1000 2"), "invalid CPU index\n");
    EXPECT_EQ(run("at S1E1R"), "usage: at op addr [vcpu]\n");
    EXPECT_EQ(run("at"), "usage: at op addr [vcpu]\n");
}

TEST_F(HmpTranslation, OfAGuestWithEl2) {
    machine.accels[0]->preset(arch::reg::ID_AA64PFR0_EL1, 0x100);
    map(0x1000, kRam + 0x5000, kKernelData);
    machine.accels[0]->preset(arch::reg::SCTLR_EL2, 0b101);
    machine.accels[0]->preset(arch::reg::TCR_EL2, u64{25} | u64{0b101} << 16);
    machine.accels[0]->preset(arch::reg::TTBR0_EL2, kRoot);
    machine.accels[0]->preset(arch::reg::MAIR_EL2, 0x44);
    EXPECT_EQ(run("at S1E2R 0x1000"),
              "PAR_EL1: 0x4400000040005900\n0x40005000, 4K L3, rw-/---, 0x44 Normal NC OSH\n");
    // A stage 2 without tables.
    machine.accels[0]->preset(arch::reg::HCR_EL2, 1);
    machine.accels[0]->preset(arch::reg::VTCR_EL2, u64{25} | 1 << 6 | u64{0b101} << 16);
    machine.accels[0]->preset(arch::reg::VTTBR_EL2, kRam + 0x20000);
    EXPECT_EQ(run("at S1E1R 0x1000"),
              "takes an exception, and leaves PAR_EL1 alone: Translation fault, level 1, stage 2 at "
              "0x40010000, on the walk of stage 1\n");
    EXPECT_EQ(run("at S12E1R 0x1000"),
              "PAR_EL1: 0xb0b\nTranslation fault, level 1, stage 2 at 0x40010000, on the walk of stage 1\n");
}

// KVM shows its host's EL2 to guests that have none. TCR2_EL1 then counts without an HCRX_EL2 that says so.
TEST_F(HmpTranslation, AnIdRegisterMakesNoEl2) {
    vcpu::FakeAccel& cpu = *machine.accels[0];
    cpu.remove(arch::reg::HCR_EL2);
    cpu.preset(arch::reg::ID_AA64PFR0_EL1, 0x100);
    cpu.preset(arch::reg::ID_AA64MMFR1_EL1, u64{1} << 40);  // FEAT_HCX
    cpu.preset(arch::reg::ID_AA64MMFR3_EL1, 1 | 1 << 8);    // FEAT_TCR2, FEAT_S1PIE
    cpu.preset(arch::reg::TCR2_EL1, 0b10);                  // PIE
    cpu.preset(arch::reg::PIR_EL1, 0x1);                    // read-only
    map(0x1000, kRam, kAf | kInner);
    EXPECT_EQ(run("at S12E1R 0x1000"), "AT S12E1R is UNDEFINED on this CPU\n");
    EXPECT_THAT(run("at S1E1R 0x1000"), HasSubstr(" r--/---, "));
}

TEST_F(HmpTranslation, IsInTheLists) {
    EXPECT_THAT(hmp.complete("at S1E1"), ElementsAre("S1E1A", "S1E1R", "S1E1RP", "S1E1W", "S1E1WP"));
    EXPECT_THAT(hmp.complete("info t"), ElementsAre("tlb", "trace", "trace-events", "traps"));
    EXPECT_EQ(run("help at"), "at op addr [vcpu] -- what an AT instruction does: at s1e1r $pc\n");
    EXPECT_THAT(run("info"),
                HasSubstr("info mem [first [last]] -- what virtual addresses may be used for\n"));
}

}  // namespace
}  // namespace trapeze::debug
