// PSTATE as KVM and SPSR_ELx present it (Arm ARM, "SPSR_EL1, Saved Program Status Register").
#pragma once

#include "trapeze/base/bits.h"

namespace trapeze::arch {

struct Pstate {
    using Mode = Field<4, 0>;  // M[4]: AArch32
    using Sp = Field<0, 0>;    // AArch64: the stack pointer of the Exception level, not SP_EL0
    using F = Field<6, 6>;
    using I = Field<7, 7>;
    using A = Field<8, 8>;
    using D = Field<9, 9>;
    using Btype = Field<11, 10>;
    using Ssbs = Field<12, 12>;
    using Il = Field<20, 20>;
    using Ss = Field<21, 21>;
    using Pan = Field<22, 22>;
    using Uao = Field<23, 23>;
    using Dit = Field<24, 24>;
    using Tco = Field<25, 25>;
    using Nzcv = Field<31, 28>;

    static constexpr u64 kDaif = mask(9, 6);
    static constexpr u64 kModeEl0t = 0b00000;
    static constexpr u64 kModeEl1t = 0b00100;
    static constexpr u64 kModeEl1h = 0b00101;

    u64 value = 0;

    constexpr bool is_aarch32() const { return extract(value, 4, 4) != 0; }
    // 0 to 3. AArch32 User mode is EL0; every other AArch32 mode is EL1 here (there is no AArch32 EL2 guest).
    constexpr unsigned el() const {
        if (is_aarch32()) return extract(value, 3, 0) == 0 ? 0 : 1;
        return static_cast<unsigned>(extract(value, 3, 2));
    }
    // EL1h. Otherwise the stack pointer is SP_EL0; in AArch32 state neither is.
    constexpr bool selects_sp_el1() const { return !is_aarch32() && el() == 1 && Sp::get(value) != 0; }
    // The three updates that go with skipping an instruction, PC aside: BTYPE and SS are cleared.
    constexpr u64 after_instruction() const { return value & ~(Btype::kMask | Ss::kMask); }
};

}  // namespace trapeze::arch
