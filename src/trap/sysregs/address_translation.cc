#include "trapeze/trap/sysregs/address_translation.h"

#include "trapeze/arch/translation.h"
#include "trapeze/mem/address_translate.h"
#include "trapeze/mem/walker_registers.h"

namespace trapeze::trap {
namespace {

using Row = SysRegRow<AddressTranslation>;
namespace r = arch::reg;

// Those of EL2 are UNDEFINED at EL1 (hidden.cc).
constexpr Row kRows[] = {
    rows::wo<&AddressTranslation::execute>(r::AT_S1E1R, "DDI0487 AT S1E1R"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E1W, "DDI0487 AT S1E1W"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E0R, "DDI0487 AT S1E0R"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E0W, "DDI0487 AT S1E0W"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E1RP, "DDI0487 AT S1E1RP"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E1WP, "DDI0487 AT S1E1WP"),
    rows::wo<&AddressTranslation::execute>(r::AT_S1E1A, "DDI0487 AT S1E1A"),
};
static_assert(valid_sysreg_table(kRows));

// The pseudocode's AArch64.AT() raises a Data Abort for an external abort on the walk, by an instruction of
// EL1 here. CM and WnR are 1 for address translation instructions, FAR_EL1 has their operand.
Inject data_abort(u64 par, u64 va) {
    const auto status = static_cast<u8>(arch::ParEl1::FST::get(par));
    const arch::DataAbortIss iss{.status = status, .is_write = true, .maintenance = true};
    return {arch::Esr::make(arch::ExceptionClass::DataAbortCurrent, iss.encode()), va};
}

}  // namespace

AddressTranslation::AddressTranslation(const IdRegisters& ids, const mem::GuestMemory& memory)
    : features_(mem::read_mmu_features([&ids](arch::SysReg reg) { return ids.effective(reg); })),
      read_descriptor_(mem::guest_memory_reader(memory)) {
    features_.el2 = false;  // of the machine, whatever the ID registers say
}

std::span<const Row> AddressTranslation::table() {
    return kRows;
}

SysRegWrite AddressTranslation::execute(CpuPort& cpu, arch::SysReg instruction, u64 va) {
    const auto operation = mem::find_at_operation(instruction);
    if (!operation || !mem::at_implemented(*operation, features_)) return SysRegWrite::Undef;
    const mem::MmuRegisters registers{
        .el10 = mem::read_el10_registers(features_, [&cpu](arch::SysReg reg) { return cpu.sysreg(reg); }),
        .el2 = {}};
    const bool pan = arch::Pstate::Pan::get(cpu.pstate().value) != 0;
    const mem::WalkResult result =
        mem::walk_at(*operation, registers, features_, pan, mem::Gva{va}, read_descriptor_);
    const u64 par = mem::encode_par(result);
    if (mem::at_takes_exception(result, true)) return data_abort(par, va);
    cpu.set_sysreg(r::PAR_EL1, par);
    return SysRegWrite::Done;
}

}  // namespace trapeze::trap
