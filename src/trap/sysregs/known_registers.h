// For tables that are made at compile time out of arch::kNamedSysRegs: a row's specification, and the rows
// that a predicate selects.
#pragma once

#include "trapeze/trap/sysreg_table.h"

namespace trapeze::trap {

// "DDI0487 <name>", or `otherwise` for an encoding without a name.
constexpr const char* spec_of(arch::SysReg reg, const char* otherwise) {
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
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
