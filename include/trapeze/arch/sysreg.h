// AArch64 system register encodings (Arm ARM DDI 0487, "System instruction class encoding overview").
#pragma once

#include <compare>
#include <string>

#include "trapeze/arch/sysreg_list.h"
#include "trapeze/base/types.h"

namespace trapeze::arch {

// The operand of MRS/MSR/SYS as one 16-bit number: op0[15:14] op1[13:11] CRn[10:7] CRm[6:3] op2[2:0], which
// is the instruction's own order, so numeric order is the order of the Arm ARM's tables.
class SysReg {
public:
    constexpr SysReg() = default;
    constexpr SysReg(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2)
        : encoding_(static_cast<u16>((op0 & 3) << 14 | (op1 & 7) << 11 | (crn & 15) << 7 | (crm & 15) << 3 |
                                     (op2 & 7))) {}
    static constexpr SysReg from_encoding(u16 encoding) {
        SysReg reg;
        reg.encoding_ = encoding;
        return reg;
    }

    constexpr unsigned op0() const { return encoding_ >> 14; }
    constexpr unsigned op1() const { return (encoding_ >> 11) & 7u; }
    constexpr unsigned crn() const { return (encoding_ >> 7) & 15u; }
    constexpr unsigned crm() const { return (encoding_ >> 3) & 15u; }
    constexpr unsigned op2() const { return encoding_ & 7u; }
    constexpr u16 encoding() const { return encoding_; }

    constexpr auto operator<=>(const SysReg&) const = default;

private:
    u16 encoding_ = 0;
};

// Encodings by architectural name: reg::ICC_PMR_EL1.
namespace reg {
#define TRAPEZE_SYSREG_CONSTANT(name, op0, op1, crn, crm, op2) \
    inline constexpr SysReg name{op0, op1, crn, crm, op2};
TRAPEZE_SYSREG_LIST(TRAPEZE_SYSREG_CONSTANT)
#undef TRAPEZE_SYSREG_CONSTANT
}  // namespace reg

// The whole list as data, in the order of encodings.
struct NamedSysReg {
    SysReg reg;
    const char* name;
    const char* spec;  // where it is described: "DDI0487 ICC_PMR_EL1"
};
inline constexpr NamedSysReg kNamedSysRegs[] = {
#define TRAPEZE_SYSREG_ROW(name, op0, op1, crn, crm, op2) \
    {SysReg(op0, op1, crn, crm, op2), #name, "DDI0487 " #name},
    TRAPEZE_SYSREG_LIST(TRAPEZE_SYSREG_ROW)
#undef TRAPEZE_SYSREG_ROW
};

// The architectural name, or nullptr when the encoding is not in the list.
const char* sysreg_name(SysReg reg);
// The architectural name, or "S3_0_C4_C6_0" as the assembler spells an unnamed register.
std::string sysreg_to_string(SysReg reg);

}  // namespace trapeze::arch
