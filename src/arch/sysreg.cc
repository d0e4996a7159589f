#include "trapeze/arch/sysreg.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace trapeze::arch {

static_assert(std::ranges::adjacent_find(kNamedSysRegs,
                                         [](const NamedSysReg& a, const NamedSysReg& b) {
                                             return a.reg >= b.reg;
                                         }) == std::ranges::end(kNamedSysRegs),
              "TRAPEZE_SYSREG_LIST is sorted by encoding and has no duplicate");

const char* sysreg_name(SysReg reg) {
    const auto* row = std::ranges::lower_bound(kNamedSysRegs, reg, {}, &NamedSysReg::reg);
    return row != std::end(kNamedSysRegs) && row->reg == reg ? row->name : nullptr;
}

std::string sysreg_to_string(SysReg reg) {
    if (const char* name = sysreg_name(reg)) return name;
    return fmt::format("S{}_{}_C{}_C{}_{}", reg.op0(), reg.op1(), reg.crn(), reg.crm(), reg.op2());
}

}  // namespace trapeze::arch
