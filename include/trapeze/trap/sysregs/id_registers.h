// What the guest reads from its ID registers: the accelerator's values, that is, the features whose state is
// switched with the vCPU, with a policy applied field by field (src/trap/sysregs/id_policy.h). A guest is
// never shown more than the accelerator has.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "trapeze/arch/id_registers.h"
#include "trapeze/trap/sysreg_table.h"

namespace trapeze::trap {

// One per virtual machine; const after construction and then shared by all vCPUs.
class IdRegisters {
public:
    // The accelerator's value of an identification register; nullopt where it has none, which reads as zero.
    using Reader = std::function<std::optional<u64>(arch::SysReg)>;

    struct Options {
        bool pmu = false;                   // the vCPUs have the accelerator's PMU
        bool gic_system_registers = false;  // the machine emulates ICC_*_EL1
    };

    struct WriteBack {
        arch::SysReg reg;
        u64 value;
    };

    IdRegisters(const Reader& read, const Options& options);

    // What the guest reads. Any register of the ID space, which reads as zero where nothing is allocated, and
    // MIDR_EL1, REVIDR_EL1, AIDR_EL1, CLIDR_EL1 and CTR_EL0; anything else is a CHECK.
    u64 effective(arch::SysReg reg) const;

    u64 field(arch::SysReg reg, arch::IdFieldPosition position) const { return position.get(effective(reg)); }

    bool has_pan() const { return field(arch::reg::ID_AA64MMFR1_EL1, kPan) != 0; }
    bool has_ssbs() const { return field(arch::reg::ID_AA64PFR1_EL1, kSsbs) != 0; }
    // FEAT_MTE2: allocation tags in memory, not only the instructions.
    bool has_mte() const { return field(arch::reg::ID_AA64PFR1_EL1, kMte) >= 2; }
    bool has_lor() const { return field(arch::reg::ID_AA64MMFR1_EL1, kLo) != 0; }
    bool has_ras() const { return field(arch::reg::ID_AA64PFR0_EL1, kRas) != 0; }
    bool has_ras_v1p1() const {
        return field(arch::reg::ID_AA64PFR0_EL1, kRas) >= 2 ||
               (has_ras() && field(arch::reg::ID_AA64PFR1_EL1, kRasFrac) >= 1);
    }
    bool has_tcr2() const { return field(arch::reg::ID_AA64MMFR3_EL1, kTcrx) != 0; }
    bool has_sctlr2() const { return field(arch::reg::ID_AA64MMFR3_EL1, kSctlrx) != 0; }
    bool has_s1pie() const { return field(arch::reg::ID_AA64MMFR3_EL1, kS1pie) != 0; }
    bool has_s1poe() const { return field(arch::reg::ID_AA64MMFR3_EL1, kS1poe) != 0; }
    bool has_ecv() const { return field(arch::reg::ID_AA64MMFR0_EL1, kEcv) != 0; }
    // Numbers of breakpoints and watchpoints: 1 to 16 each.
    unsigned breakpoints() const {
        return static_cast<unsigned>(field(arch::reg::ID_AA64DFR0_EL1, kBrps)) + 1;
    }
    unsigned watchpoints() const {
        return static_cast<unsigned>(field(arch::reg::ID_AA64DFR0_EL1, kWrps)) + 1;
    }

    // Where the policy takes a feature away: the value to give the accelerator, so that it treats the feature
    // as absent too. It may refuse a register that it cannot change; the guest does not see the difference.
    std::span<const WriteBack> write_back() const { return write_back_; }

private:
    static constexpr auto kPan = arch::id_field(arch::reg::ID_AA64MMFR1_EL1, "PAN");
    static constexpr auto kLo = arch::id_field(arch::reg::ID_AA64MMFR1_EL1, "LO");
    static constexpr auto kSsbs = arch::id_field(arch::reg::ID_AA64PFR1_EL1, "SSBS");
    static constexpr auto kMte = arch::id_field(arch::reg::ID_AA64PFR1_EL1, "MTE");
    static constexpr auto kRasFrac = arch::id_field(arch::reg::ID_AA64PFR1_EL1, "RAS_frac");
    static constexpr auto kRas = arch::id_field(arch::reg::ID_AA64PFR0_EL1, "RAS");
    static constexpr auto kTcrx = arch::id_field(arch::reg::ID_AA64MMFR3_EL1, "TCRX");
    static constexpr auto kSctlrx = arch::id_field(arch::reg::ID_AA64MMFR3_EL1, "SCTLRX");
    static constexpr auto kS1pie = arch::id_field(arch::reg::ID_AA64MMFR3_EL1, "S1PIE");
    static constexpr auto kS1poe = arch::id_field(arch::reg::ID_AA64MMFR3_EL1, "S1POE");
    static constexpr auto kEcv = arch::id_field(arch::reg::ID_AA64MMFR0_EL1, "ECV");
    static constexpr auto kBrps = arch::id_field(arch::reg::ID_AA64DFR0_EL1, "BRPs");
    static constexpr auto kWrps = arch::id_field(arch::reg::ID_AA64DFR0_EL1, "WRPs");

    static constexpr std::size_t kIdSpaceSize = 7 * 8;  // CRm 1 to 7, op2 0 to 7

    std::array<u64, kIdSpaceSize> id_space_{};
    u64 midr_, revidr_, aidr_, clidr_, ctr_;
    std::vector<WriteBack> write_back_;
};

// The rows of the ID registers for one vCPU.
class IdRegisterRows {
public:
    explicit IdRegisterRows(const IdRegisters& ids) : ids_(ids) {}
    static std::span<const SysRegRow<IdRegisterRows>> table();

    SysRegValue read(CpuPort&, arch::SysReg reg) { return ids_.effective(reg); }
    // The accelerator made the affinity part of the vCPU.
    SysRegValue read_mpidr(CpuPort& cpu) { return cpu.sysreg(arch::reg::MPIDR_EL1); }

private:
    const IdRegisters& ids_;
};

}  // namespace trapeze::trap
