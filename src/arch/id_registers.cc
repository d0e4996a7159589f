#include "trapeze/arch/id_registers.h"

#include <algorithm>
#include <iterator>

namespace trapeze::arch {

std::span<const IdRegister> id_registers() {
    return id_fields::kRegisters;
}

const IdRegister* find_id_register(SysReg reg) {
    const auto* row = std::ranges::lower_bound(id_fields::kRegisters, reg, {}, &IdRegister::reg);
    return row != std::end(id_fields::kRegisters) && row->reg == reg ? row : nullptr;
}

}  // namespace trapeze::arch
