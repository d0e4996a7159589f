// Exception syndromes (Arm ARM, "ESR_EL2, Exception Syndrome Register"): classes and ISS shapes.
#pragma once

#include "trapeze/arch/sysreg.h"
#include "trapeze/base/bits.h"

namespace trapeze::arch {

// ESR_ELx.EC. Values that the architecture leaves unallocated have no enumerator; the type still holds them.
enum class ExceptionClass : u8 {
    Unknown = 0x00,
    Wfx = 0x01,
    Cp15Mcr = 0x03,
    Cp15Mcrr = 0x04,
    Cp14Mcr = 0x05,
    Cp14Ldc = 0x06,
    FpAsimd = 0x07,
    Cp10Id = 0x08,
    Pauth = 0x09,
    Ls64 = 0x0a,
    Cp14Mrrc = 0x0c,
    Bti = 0x0d,
    IllegalState = 0x0e,
    Svc32 = 0x11,
    Hvc32 = 0x12,
    Smc32 = 0x13,
    Sys128 = 0x14,
    Svc64 = 0x15,
    Hvc64 = 0x16,
    Smc64 = 0x17,
    Sys64 = 0x18,
    Sve = 0x19,
    Eret = 0x1a,
    Tstart = 0x1b,
    Fpac = 0x1c,
    Sme = 0x1d,
    InstructionAbortLower = 0x20,
    InstructionAbortCurrent = 0x21,
    PcAlignment = 0x22,
    DataAbortLower = 0x24,
    DataAbortCurrent = 0x25,
    SpAlignment = 0x26,
    Mops = 0x27,
    FpException32 = 0x28,
    FpException64 = 0x2c,
    Gcs = 0x2d,
    SError = 0x2f,
    BreakpointLower = 0x30,
    BreakpointCurrent = 0x31,
    SoftwareStepLower = 0x32,
    SoftwareStepCurrent = 0x33,
    WatchpointLower = 0x34,
    WatchpointCurrent = 0x35,
    Bkpt32 = 0x38,
    Vector32 = 0x3a,
    Brk64 = 0x3c,
    Pmu = 0x3d,
};

// The name of the class in the Arm ARM's words, for traces; never null.
const char* exception_class_name(ExceptionClass ec);

struct Esr {
    using Ec = Field<31, 26>;
    using Il = Field<25, 25>;
    using Iss = Field<24, 0>;

    u64 value = 0;

    constexpr ExceptionClass ec() const { return static_cast<ExceptionClass>(Ec::get(value)); }
    constexpr u32 iss() const { return static_cast<u32>(Iss::get(value)); }
    // Length in bytes of the trapped instruction: 4, or 2 for a 16-bit T32 one.
    constexpr unsigned instruction_length() const { return Il::get(value) != 0 ? 4 : 2; }

    static constexpr Esr make(ExceptionClass ec, u32 iss) {
        return Esr{Ec::make(static_cast<u64>(ec)) | Il::make(1) | Iss::make(iss)};
    }
};

// "ISS encoding for an exception from MSR, MRS, or System instruction execution in AArch64 state".
struct SysRegIss {
    SysReg reg;
    u8 rt;
    bool is_read;

    static constexpr SysRegIss decode(u32 iss) {
        return {
            SysReg(static_cast<unsigned>(extract(iss, 21, 20)), static_cast<unsigned>(extract(iss, 16, 14)),
                   static_cast<unsigned>(extract(iss, 13, 10)), static_cast<unsigned>(extract(iss, 4, 1)),
                   static_cast<unsigned>(extract(iss, 19, 17))),
            static_cast<u8>(extract(iss, 9, 5)), (iss & 1) != 0};
    }
    constexpr u32 encode() const {
        return static_cast<u32>(reg.op0() << 20 | reg.op2() << 17 | reg.op1() << 14 | reg.crn() << 10 |
                                static_cast<unsigned>(rt) << 5 | reg.crm() << 1 | (is_read ? 1u : 0u));
    }
};

// "ISS encoding for an exception from a WF* instruction".
enum class WfxKind : u8 { Wfi = 0, Wfe = 1, Wfit = 2, Wfet = 3 };
struct WfxIss {
    WfxKind kind;
    bool rt_valid;  // RV: rt names the register holding the deadline (WFIT, WFET)
    u8 rt;

    static constexpr WfxIss decode(u32 iss) {
        return {static_cast<WfxKind>(extract(iss, 1, 0)), extract(iss, 2, 2) != 0,
                static_cast<u8>(extract(iss, 9, 5))};
    }
};

// "ISS encoding for an exception from HVC or SVC instruction execution"; SMC has the same imm16 position.
constexpr u16 hypercall_immediate(u32 iss) {
    return static_cast<u16>(extract(iss, 15, 0));
}

// "ISS encoding for an exception from a Data Abort", without a description of the access (ISV is 0).
struct DataAbortIss {
    // DFSC. Those of translations are PAR_EL1.FST, too.
    static constexpr u8 kAlignment = 0b10'0001;
    static constexpr u8 kUnsupportedExclusiveOrAtomic = 0b11'0101;

    u8 status;
    bool is_write;             // WnR; 1 for cache maintenance and address translation
    bool maintenance = false;  // CM: by one of these

    constexpr u32 encode() const {
        return (maintenance ? 1u << 8 : 0u) | (is_write ? 1u << 6 : 0u) | status;
    }
};

}  // namespace trapeze::arch
