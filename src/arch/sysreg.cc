#include "trapeze/arch/sysreg.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace trapeze::arch {
namespace {

struct NamedSysReg {
    SysReg reg;
    const char* name;
};

constexpr NamedSysReg kNames[] = {
#define TRAPEZE_SYSREG_ROW(name, op0, op1, crn, crm, op2) {SysReg(op0, op1, crn, crm, op2), #name},
    TRAPEZE_SYSREG_LIST(TRAPEZE_SYSREG_ROW)
#undef TRAPEZE_SYSREG_ROW
};

static_assert(std::ranges::adjacent_find(kNames, [](const NamedSysReg& a, const NamedSysReg& b) {
                  return a.reg >= b.reg;
              }) == std::ranges::end(kNames),
              "TRAPEZE_SYSREG_LIST is sorted by encoding and has no duplicate");

}  // namespace

const char* sysreg_name(SysReg reg) {
    const auto* row = std::ranges::lower_bound(kNames, reg, {}, &NamedSysReg::reg);
    return row != std::end(kNames) && row->reg == reg ? row->name : nullptr;
}

std::string sysreg_to_string(SysReg reg) {
    if (const char* name = sysreg_name(reg)) return name;
    return fmt::format("S{}_{}_C{}_C{}_{}", reg.op0(), reg.op1(), reg.crn(), reg.crm(), reg.op2());
}

}  // namespace trapeze::arch
