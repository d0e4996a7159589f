// One row per exception class, so that no class can be forgotten: the table has all 64.
#include <array>

#include "trapeze/base/bits.h"
#include "trapeze/trap/trap.h"

namespace trapeze::trap {
namespace {

using Decoder = Trap (*)(arch::Esr);
using arch::ExceptionClass;

Trap decode_sysreg(arch::Esr esr) {
    const auto iss = arch::SysRegIss::decode(esr.iss());
    return SysRegTrap{iss.reg, iss.rt, iss.is_read};
}

Trap decode_hvc(arch::Esr esr) {
    return HypercallTrap{Conduit::Hvc, arch::hypercall_immediate(esr.iss())};
}

Trap decode_smc(arch::Esr esr) {
    return HypercallTrap{Conduit::Smc, arch::hypercall_immediate(esr.iss())};
}

Trap decode_wfx(arch::Esr esr) {
    const auto iss = arch::WfxIss::decode(esr.iss());
    return WfxTrap{iss.kind, iss.rt_valid, iss.rt};
}

// Everything else is either handled by the accelerator before it reaches us (aborts, debug, FP) or is a
// feature the guest must not see.
Trap decode_unexpected(arch::Esr esr) {
    return UnexpectedTrap{esr.ec(), esr.iss()};
}

constexpr std::array<Decoder, 64> make_table() {
    std::array<Decoder, 64> table{};
    table.fill(&decode_unexpected);
    table[static_cast<u8>(ExceptionClass::Wfx)] = &decode_wfx;
    table[static_cast<u8>(ExceptionClass::Hvc64)] = &decode_hvc;
    table[static_cast<u8>(ExceptionClass::Smc64)] = &decode_smc;
    table[static_cast<u8>(ExceptionClass::Sys64)] = &decode_sysreg;
    return table;
}

constexpr auto kDecoders = make_table();

}  // namespace

Trap decode(arch::Esr esr) {
    return kDecoders[static_cast<u8>(esr.ec())](esr);
}

}  // namespace trapeze::trap
