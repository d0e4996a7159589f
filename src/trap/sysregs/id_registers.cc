#include "trapeze/trap/sysregs/id_registers.h"

#include <algorithm>

#include "sysregs/id_policy.h"
#include "sysregs/known_registers.h"
#include "trapeze/base/check.h"

namespace trapeze::trap {
namespace {

using id_policy::FieldPolicy;
using id_policy::Rule;

std::size_t id_space_index(arch::SysReg reg) {
    return (reg.crm() - 1) * 8 + reg.op2();
}

const FieldPolicy* find_policy(arch::SysReg reg, const arch::IdField& field) {
    const auto* found = std::ranges::find_if(id_policy::kPolicy, [&](const FieldPolicy& p) {
        return p.reg == reg && (p.field == nullptr || std::string_view(p.field) == field.name);
    });
    return found != std::end(id_policy::kPolicy) ? found : nullptr;
}

u64 not_implemented(const arch::IdField& field) {
    return field.sign == arch::IdFieldSign::Signed ? low_mask(field.width) : 0;
}

// What the rules look at besides the field itself.
struct Circumstances {
    const IdRegisters::Options& options;
    u64 midr;
};

u64 apply(const FieldPolicy& policy, const arch::IdField& field, u64 value, const Circumstances& c) {
    constexpr u64 kImplementationDefined = 0xf;
    switch (policy.rule) {
        case Rule::Hide: return not_implemented(field);
        case Rule::AtMost: return std::min<u64>(value, policy.value);
        case Rule::Pmu: return c.options.pmu && value != kImplementationDefined ? value : 0;
        case Rule::Wfxt: return id_policy::has_wfit_syndrome(c.midr) ? value : 0;
        case Rule::GicSysreg: return c.options.gic_system_registers ? policy.value : 0;
    }
    return 0;
}

struct Filtered {
    u64 guest;        // what the guest reads
    u64 accelerator;  // the same, but for fields that are ours and not the accelerator's
};

Filtered filter(const arch::IdRegister& reg, u64 value, const Circumstances& c) {
    Filtered result{};
    unsigned high = 64;
    for (const arch::IdField& field : reg.fields) {
        high -= field.width;
        if (field.name == nullptr) continue;
        const arch::IdFieldPosition position{static_cast<u8>(high + field.width - 1), static_cast<u8>(high)};
        const u64 offered = position.get(value);
        const FieldPolicy* policy = find_policy(reg.reg, field);
        const u64 shown = policy != nullptr ? apply(*policy, field, offered, c) : offered;
        const bool ours = policy != nullptr && policy->rule == Rule::GicSysreg;
        result.guest = position.set(result.guest, shown);
        result.accelerator = position.set(result.accelerator, ours ? offered : shown);
    }
    return result;
}

constexpr const char* kUnallocated = "DDI0487 ID registers, unallocated: RAZ";

consteval auto id_rows() {
    constexpr std::size_t kIdSpace = 7 * 8;
    RowTable<IdRegisterRows, kIdSpace + 4> table{};
    std::size_t n = 0;
    const auto add = [&](arch::SysReg reg) {
        table.rows[n++] = rows::ro<&IdRegisterRows::read>(reg, spec_of(reg, kUnallocated));
    };
    add(arch::reg::MIDR_EL1);
    table.rows[n++] = rows::ro<&IdRegisterRows::read_mpidr>(arch::reg::MPIDR_EL1, "DDI0487 MPIDR_EL1");
    add(arch::reg::REVIDR_EL1);
    for (unsigned crm = 1; crm <= 7; ++crm) {
        for (unsigned op2 = 0; op2 <= 7; ++op2) add(arch::SysReg(3, 0, 0, crm, op2));
    }
    add(arch::reg::AIDR_EL1);
    return table;
}

constexpr auto kRows = id_rows();
static_assert(valid_sysreg_table(kRows.rows));

}  // namespace

IdRegisters::IdRegisters(const Reader& read, const Options& options)
    : midr_(read(arch::reg::MIDR_EL1).value_or(0)),
      revidr_(read(arch::reg::REVIDR_EL1).value_or(0)),
      aidr_(read(arch::reg::AIDR_EL1).value_or(0)),
      clidr_(read(arch::reg::CLIDR_EL1).value_or(0)),
      ctr_(read(arch::reg::CTR_EL0).value_or(0)) {
    for (const arch::IdRegister& reg : arch::id_registers()) {
        const std::optional<u64> value = read(reg.reg);
        const Filtered filtered = filter(reg, value.value_or(0), {options, midr_});
        id_space_[id_space_index(reg.reg)] = filtered.guest;
        if (value && filtered.accelerator != *value) write_back_.push_back({reg.reg, filtered.accelerator});
    }
}

u64 IdRegisters::effective(arch::SysReg reg) const {
    if (arch::is_id_space(reg)) return id_space_[id_space_index(reg)];
    if (reg == arch::reg::MIDR_EL1) return midr_;
    if (reg == arch::reg::REVIDR_EL1) return revidr_;
    if (reg == arch::reg::AIDR_EL1) return aidr_;
    if (reg == arch::reg::CLIDR_EL1) return clidr_;
    CHECK_MSG(reg == arch::reg::CTR_EL0, arch::sysreg_to_string(reg));
    return ctr_;
}

std::span<const SysRegRow<IdRegisterRows>> IdRegisterRows::table() {
    return kRows.rows;
}

}  // namespace trapeze::trap
