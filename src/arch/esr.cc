#include "trapeze/arch/esr.h"

namespace trapeze::arch {

const char* exception_class_name(ExceptionClass ec) {
    switch (ec) {
        case ExceptionClass::Unknown: return "Unknown reason";
        case ExceptionClass::Wfx: return "WF* instruction";
        case ExceptionClass::Cp15Mcr: return "MCR/MRC (coproc 0b1111)";
        case ExceptionClass::Cp15Mcrr: return "MCRR/MRRC (coproc 0b1111)";
        case ExceptionClass::Cp14Mcr: return "MCR/MRC (coproc 0b1110)";
        case ExceptionClass::Cp14Ldc: return "LDC/STC";
        case ExceptionClass::FpAsimd: return "SME, SVE, Advanced SIMD or floating-point";
        case ExceptionClass::Cp10Id: return "VMRS";
        case ExceptionClass::Pauth: return "Pointer Authentication instruction";
        case ExceptionClass::Ls64: return "LD64B or ST64B";
        case ExceptionClass::Cp14Mrrc: return "MRRC (coproc 0b1110)";
        case ExceptionClass::Bti: return "Branch Target Exception";
        case ExceptionClass::IllegalState: return "Illegal Execution state";
        case ExceptionClass::Svc32: return "SVC (AArch32)";
        case ExceptionClass::Hvc32: return "HVC (AArch32)";
        case ExceptionClass::Smc32: return "SMC (AArch32)";
        case ExceptionClass::Sys128: return "MSRR, MRRS or 128-bit System instruction";
        case ExceptionClass::Svc64: return "SVC (AArch64)";
        case ExceptionClass::Hvc64: return "HVC (AArch64)";
        case ExceptionClass::Smc64: return "SMC (AArch64)";
        case ExceptionClass::Sys64: return "MSR, MRS or System instruction";
        case ExceptionClass::Sve: return "SVE";
        case ExceptionClass::Eret: return "ERET, ERETAA or ERETAB";
        case ExceptionClass::Tstart: return "TSTART";
        case ExceptionClass::Fpac: return "Pointer Authentication failure";
        case ExceptionClass::Sme: return "SME";
        case ExceptionClass::InstructionAbortLower: return "Instruction Abort from a lower Exception level";
        case ExceptionClass::InstructionAbortCurrent: return "Instruction Abort";
        case ExceptionClass::PcAlignment: return "PC alignment fault";
        case ExceptionClass::DataAbortLower: return "Data Abort from a lower Exception level";
        case ExceptionClass::DataAbortCurrent: return "Data Abort";
        case ExceptionClass::SpAlignment: return "SP alignment fault";
        case ExceptionClass::Mops: return "Memory Operation";
        case ExceptionClass::FpException32: return "Floating-point exception (AArch32)";
        case ExceptionClass::FpException64: return "Floating-point exception (AArch64)";
        case ExceptionClass::Gcs: return "GCS";
        case ExceptionClass::SError: return "SError";
        case ExceptionClass::BreakpointLower: return "Breakpoint from a lower Exception level";
        case ExceptionClass::BreakpointCurrent: return "Breakpoint";
        case ExceptionClass::SoftwareStepLower: return "Software Step from a lower Exception level";
        case ExceptionClass::SoftwareStepCurrent: return "Software Step";
        case ExceptionClass::WatchpointLower: return "Watchpoint from a lower Exception level";
        case ExceptionClass::WatchpointCurrent: return "Watchpoint";
        case ExceptionClass::Bkpt32: return "BKPT (AArch32)";
        case ExceptionClass::Vector32: return "Vector Catch (AArch32)";
        case ExceptionClass::Brk64: return "BRK (AArch64)";
        case ExceptionClass::Pmu: return "PMU exception";
    }
    return "unallocated exception class";
}

}  // namespace trapeze::arch
