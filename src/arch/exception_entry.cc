#include "trapeze/arch/exception_entry.h"

namespace trapeze::arch {

El1Entry enter_el1(const El1EntryInput& in, ExceptionKind kind) {
    constexpr u64 kSctlrSpan = bit(23);
    constexpr u64 kSctlrDssbs = bit(44);

    const Pstate old{in.pstate};
    u64 offset = 0x000;  // from EL1 with SP_EL0
    if (old.el() == 0) {
        offset = old.is_aarch32() ? 0x600 : 0x400;
    } else if (extract(old.value, 0, 0) != 0) {
        offset = 0x200;  // from EL1 with SP_EL1
    }

    // NZCV and DIT survive; UAO, SS, IL and BTYPE are zero after entry.
    u64 next = old.value & (Pstate::Nzcv::kMask | Pstate::Dit::kMask);
    if (old.is_aarch32()) next &= Pstate::Nzcv::kMask;
    if (in.has_pan && ((old.value & Pstate::Pan::kMask) != 0 || (in.sctlr_el1 & kSctlrSpan) == 0)) {
        next |= Pstate::Pan::kMask;
    }
    if (in.has_mte) next |= Pstate::Tco::kMask;
    if (in.has_ssbs && (in.sctlr_el1 & kSctlrDssbs) != 0) next |= Pstate::Ssbs::kMask;
    next |= Pstate::kDaif | Pstate::kModeEl1h;

    return {.pc = in.vbar_el1 + offset + static_cast<u64>(kind),
            .pstate = next,
            .elr_el1 = in.pc,
            .spsr_el1 = in.pstate};
}

}  // namespace trapeze::arch
