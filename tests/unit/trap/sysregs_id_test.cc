#include <gtest/gtest.h>

#include <map>
#include <random>

#include "sysregs_fake_cpu.h"
#include "trapeze/trap/sysregs/cpu_sysregs.h"

namespace trapeze::trap {
namespace {

using arch::id_field;
namespace r = arch::reg;

using Values = std::map<arch::SysReg, u64>;

IdRegisters build(const Values& values, const IdRegisters::Options& options = {}) {
    return IdRegisters(
        [&](arch::SysReg reg) -> std::optional<u64> {
            const auto found = values.find(reg);
            return found == values.end() ? std::nullopt : std::optional(found->second);
        },
        options);
}

Values all_ones() {
    Values values;
    for (const arch::IdRegister& reg : arch::id_registers()) values[reg.reg] = ~u64{0};
    return values;
}

TEST(IdRegisters, PassesOrdinaryFieldsUnchanged) {
    // What KVM shows for a Cortex-A76: FEAT_RAS, FP16, EL0 to EL3 AArch64 (EL0 AArch32 too).
    const IdRegisters ids = build({{r::ID_AA64PFR0_EL1, 0x1100'0000'1011'1112},
                                   {r::ID_AA64ISAR0_EL1, 0x0000'1000'1021'1120},
                                   {r::ID_AA64MMFR0_EL1, 0x0000'0000'0010'1122}});
    EXPECT_EQ(ids.effective(r::ID_AA64PFR0_EL1), 0x1100'0000'1011'1112u);
    EXPECT_EQ(ids.effective(r::ID_AA64ISAR0_EL1), 0x0000'1000'1021'1120u);
    EXPECT_EQ(ids.effective(r::ID_AA64MMFR0_EL1), 0x0000'0000'0010'1122u);
    EXPECT_TRUE(ids.write_back().empty());
}

TEST(IdRegisters, GicFollowsTheMachineNotTheAccelerator) {
    constexpr auto gic = id_field(r::ID_AA64PFR0_EL1, "GIC");
    for (const u64 accelerator : {0u, 1u, 3u}) {
        const Values values{{r::ID_AA64PFR0_EL1, gic.set(0x11, accelerator)}};
        const IdRegisters with = build(values, {.gic_system_registers = true});
        EXPECT_EQ(with.field(r::ID_AA64PFR0_EL1, gic), 1u);
        EXPECT_TRUE(with.write_back().empty());
        const IdRegisters without = build(values);
        EXPECT_EQ(without.field(r::ID_AA64PFR0_EL1, gic), 0u);
        EXPECT_TRUE(without.write_back().empty());
    }
}

TEST(IdRegisters, PmuVersionPassesOnlyWithAPmu) {
    constexpr auto pmu = id_field(r::ID_AA64DFR0_EL1, "PMUVer");
    constexpr auto perfmon = id_field(r::ID_DFR0_EL1, "PerfMon");
    const Values values{{r::ID_AA64DFR0_EL1, pmu.set(0x6, 4)}, {r::ID_DFR0_EL1, perfmon.set(0x6, 4)}};
    EXPECT_EQ(build(values, {.pmu = true}).field(r::ID_AA64DFR0_EL1, pmu), 4u);
    EXPECT_EQ(build(values, {.pmu = true}).field(r::ID_DFR0_EL1, perfmon), 4u);
    EXPECT_EQ(build(values).field(r::ID_AA64DFR0_EL1, pmu), 0u);
    EXPECT_EQ(build(values).field(r::ID_DFR0_EL1, perfmon), 0u);

    // An IMPLEMENTATION DEFINED performance monitor is not one that anybody emulates.
    const Values imp_def{{r::ID_AA64DFR0_EL1, pmu.set(0x6, 0xf)}};
    EXPECT_EQ(build(imp_def, {.pmu = true}).field(r::ID_AA64DFR0_EL1, pmu), 0u);
}

TEST(IdRegisters, HidesWhatBelongsToTheHost) {
    const IdRegisters ids = build(all_ones(), {.pmu = true, .gic_system_registers = true});
    const auto hidden = [&](arch::SysReg reg, arch::IdFieldPosition field) {
        return ids.field(reg, field) == 0;
    };
    EXPECT_TRUE(hidden(r::ID_AA64PFR0_EL1, id_field(r::ID_AA64PFR0_EL1, "AMU")));
    EXPECT_TRUE(hidden(r::ID_AA64PFR0_EL1, id_field(r::ID_AA64PFR0_EL1, "MPAM")));
    EXPECT_TRUE(hidden(r::ID_AA64PFR1_EL1, id_field(r::ID_AA64PFR1_EL1, "MPAM_frac")));
    EXPECT_TRUE(hidden(r::ID_AA64PFR1_EL1, id_field(r::ID_AA64PFR1_EL1, "SME")));
    EXPECT_TRUE(hidden(r::ID_AA64PFR1_EL1, id_field(r::ID_AA64PFR1_EL1, "NMI")));
    EXPECT_TRUE(hidden(r::ID_AA64PFR2_EL1, id_field(r::ID_AA64PFR2_EL1, "GCIE")));
    EXPECT_TRUE(hidden(r::ID_AA64DFR0_EL1, id_field(r::ID_AA64DFR0_EL1, "TraceVer")));
    EXPECT_TRUE(hidden(r::ID_AA64DFR0_EL1, id_field(r::ID_AA64DFR0_EL1, "TraceFilt")));
    EXPECT_TRUE(hidden(r::ID_AA64DFR0_EL1, id_field(r::ID_AA64DFR0_EL1, "TraceBuffer")));
    EXPECT_TRUE(hidden(r::ID_AA64DFR0_EL1, id_field(r::ID_AA64DFR0_EL1, "BRBE")));
    EXPECT_TRUE(hidden(r::ID_AA64DFR0_EL1, id_field(r::ID_AA64DFR0_EL1, "PMSVer")));
    EXPECT_EQ(ids.effective(r::ID_AA64SMFR0_EL1), 0u);
    EXPECT_EQ(ids.effective(r::ID_AA64DFR1_EL1), 0u);
    EXPECT_EQ(ids.effective(r::ID_AA64AFR0_EL1), 0u);
    // ACCDATA_EL1 arrives with LS64 = 3.
    EXPECT_EQ(ids.field(r::ID_AA64ISAR1_EL1, id_field(r::ID_AA64ISAR1_EL1, "LS64")), 2u);
    // SCXTNUM_ELx arrives with CSV2 = 2.
    EXPECT_EQ(ids.field(r::ID_AA64PFR0_EL1, id_field(r::ID_AA64PFR0_EL1, "CSV2")), 1u);
}

TEST(IdRegisters, Res0FieldsReadAsZero) {
    const IdRegisters ids = build(all_ones(), {.pmu = true, .gic_system_registers = true});
    EXPECT_EQ(extract(ids.effective(r::ID_AA64PFR1_EL1), 23, 20), 0u);
    EXPECT_EQ(extract(ids.effective(r::ID_AA64ISAR0_EL1), 3, 0), 0u);
    EXPECT_EQ(extract(ids.effective(r::ID_PFR0_EL1), 63, 32), 0u);
}

TEST(IdRegisters, UnallocatedEncodingsReadAsZero) {
    Values values;
    for (unsigned crm = 1; crm <= 7; ++crm)
        for (unsigned op2 = 0; op2 <= 7; ++op2) values[arch::SysReg(3, 0, 0, crm, op2)] = ~u64{0};
    const IdRegisters ids = build(values);
    for (const auto& [reg, unused] : values) {
        if (arch::find_id_register(reg) == nullptr) {
            EXPECT_EQ(ids.effective(reg), 0u);
        }
    }
    EXPECT_EQ(ids.effective(arch::SysReg(3, 0, 0, 7, 7)), 0u);
}

TEST(IdRegisters, RegistersThatTheAcceleratorLacksReadAsZero) {
    const IdRegisters ids = build({});
    EXPECT_EQ(ids.effective(r::ID_AA64ISAR3_EL1), 0u);
    EXPECT_EQ(ids.effective(r::MIDR_EL1), 0u);
    EXPECT_TRUE(ids.write_back().empty());
}

TEST(IdRegisters, WritesBackWhatThePolicyTookAway) {
    constexpr auto mpam = id_field(r::ID_AA64PFR0_EL1, "MPAM");
    const u64 clean = 0x1100'0000'1011'1111;
    const IdRegisters ids = build({{r::ID_AA64PFR0_EL1, mpam.set(clean, 1)}, {r::ID_AA64ISAR0_EL1, 0x10}},
                                  {.gic_system_registers = true});
    ASSERT_EQ(ids.write_back().size(), 1u);
    EXPECT_EQ(ids.write_back()[0].reg, r::ID_AA64PFR0_EL1);
    // GIC stays as the accelerator has it: it is not the accelerator's that the guest uses.
    EXPECT_EQ(ids.write_back()[0].value, clean);
}

// Property: whatever the accelerator shows, a guest's field is the accelerator's, a smaller one, or "absent".
// The GIC, which is emulated here, is the only exception.
TEST(IdRegisters, NeverAdvertisesMoreThanTheAccelerator) {
    std::mt19937_64 random(20240607);
    for (int round = 0; round < 200; ++round) {
        Values values;
        for (const arch::IdRegister& reg : arch::id_registers()) values[reg.reg] = random();
        const IdRegisters ids = build(values, {.pmu = round % 2 == 0, .gic_system_registers = true});
        for (const arch::IdRegister& reg : arch::id_registers()) {
            u64 covered = 0;
            unsigned low = 64;
            for (const arch::IdField& field : reg.fields) {
                low -= field.width;
                const arch::IdFieldPosition at{static_cast<u8>(low + field.width - 1), static_cast<u8>(low)};
                const u64 offered = at.get(values[reg.reg]);
                const u64 shown = ids.field(reg.reg, at);
                if (field.name == nullptr) {
                    EXPECT_EQ(shown, 0u) << arch::sysreg_to_string(reg.reg);
                } else if (std::string_view(field.name) == "GIC" && reg.reg == r::ID_AA64PFR0_EL1) {
                    EXPECT_EQ(shown, 1u);
                } else if (field.sign == arch::IdFieldSign::Signed) {
                    EXPECT_LE(static_cast<s64>(sign_extend(shown, field.width)),
                              static_cast<s64>(sign_extend(offered, field.width)))
                        << arch::sysreg_to_string(reg.reg) << "." << field.name;
                } else {
                    EXPECT_LE(shown, offered) << arch::sysreg_to_string(reg.reg) << "." << field.name;
                }
                covered |= mask(at.high, at.low);
            }
            EXPECT_EQ(covered, ~u64{0});
        }
    }
}

TEST(IdRegisters, FeatureQuestions) {
    const auto with = [](arch::SysReg reg, arch::IdFieldPosition field, u64 value) {
        return build({{reg, field.set(0, value)}});
    };
    constexpr auto mte = id_field(r::ID_AA64PFR1_EL1, "MTE");
    EXPECT_FALSE(with(r::ID_AA64PFR1_EL1, mte, 1).has_mte());
    EXPECT_TRUE(with(r::ID_AA64PFR1_EL1, mte, 2).has_mte());
    EXPECT_TRUE(with(r::ID_AA64PFR1_EL1, id_field(r::ID_AA64PFR1_EL1, "SSBS"), 2).has_ssbs());
    EXPECT_TRUE(with(r::ID_AA64MMFR1_EL1, id_field(r::ID_AA64MMFR1_EL1, "PAN"), 1).has_pan());
    EXPECT_TRUE(with(r::ID_AA64MMFR1_EL1, id_field(r::ID_AA64MMFR1_EL1, "LO"), 1).has_lor());
    EXPECT_FALSE(build({}).has_pan());

    constexpr auto ras = id_field(r::ID_AA64PFR0_EL1, "RAS");
    constexpr auto ras_frac = id_field(r::ID_AA64PFR1_EL1, "RAS_frac");
    EXPECT_TRUE(with(r::ID_AA64PFR0_EL1, ras, 1).has_ras());
    EXPECT_FALSE(with(r::ID_AA64PFR0_EL1, ras, 1).has_ras_v1p1());
    EXPECT_TRUE(with(r::ID_AA64PFR0_EL1, ras, 2).has_ras_v1p1());
    EXPECT_TRUE(build({{r::ID_AA64PFR0_EL1, ras.set(0, 1)}, {r::ID_AA64PFR1_EL1, ras_frac.set(0, 1)}})
                    .has_ras_v1p1());
    EXPECT_EQ(build({{r::ID_AA64DFR0_EL1, 0x0030'5006}}).breakpoints(), 6u);
    EXPECT_EQ(build({{r::ID_AA64DFR0_EL1, 0x0030'5006}}).watchpoints(), 4u);
}

// QEMU's emulated "max" CPU traps WFIT as if it were WFI.
TEST(IdRegisters, WfxtIsShownOnlyWhereItsTrapsCanBeTold) {
    constexpr u64 kWfxt = 2;  // ID_AA64ISAR2_EL1[3:0]
    EXPECT_EQ(build({{arch::reg::MIDR_EL1, 0x410f'd0b1}, {arch::reg::ID_AA64ISAR2_EL1, kWfxt}})
                  .effective(arch::reg::ID_AA64ISAR2_EL1),
              kWfxt);
    EXPECT_EQ(build({{arch::reg::MIDR_EL1, 0x000f'0510}, {arch::reg::ID_AA64ISAR2_EL1, kWfxt}})
                  .effective(arch::reg::ID_AA64ISAR2_EL1),
              0u);
}

}  // namespace
}  // namespace trapeze::trap
