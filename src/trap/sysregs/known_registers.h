// The registers of arch/sysreg_list.h as data for compile-time tables: a row's specification, and tables that
// select registers by a predicate.
#pragma once

#include "trapeze/trap/sysreg_table.h"

namespace trapeze::trap {

struct KnownRegister {
    arch::SysReg reg;
    const char* spec;
};

inline constexpr KnownRegister kKnownRegisters[] = {
#define TRAPEZE_KNOWN_REGISTER(name, op0, op1, crn, crm, op2) \
    {arch::SysReg(op0, op1, crn, crm, op2), "DDI0487 " #name},
    TRAPEZE_SYSREG_LIST(TRAPEZE_KNOWN_REGISTER)
#undef TRAPEZE_KNOWN_REGISTER
};

// "DDI0487 <name>", or `otherwise` for an encoding without a name.
constexpr const char* spec_of(arch::SysReg reg, const char* otherwise) {
    for (const KnownRegister& known : kKnownRegisters) {
        if (known.reg == reg) return known.spec;
    }
    return otherwise;
}

// std::array would not do: valid_sysreg_table takes an array.
template <typename Owner, std::size_t N>
struct RowTable {
    SysRegRow<Owner> rows[N];
};

}  // namespace trapeze::trap
