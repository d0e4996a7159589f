// AArch64.TakeException to EL1 as a pure function (Arm ARM, pseudocode "AArch64.TakeException").
#pragma once

#include "trapeze/arch/esr.h"
#include "trapeze/arch/pstate.h"

namespace trapeze::arch {

enum class ExceptionKind : u16 { Synchronous = 0x000, Irq = 0x080, Fiq = 0x100, SError = 0x180 };

struct El1EntryInput {
    u64 pc;      // preferred return address
    u64 pstate;  // at the exception
    u64 vbar_el1;
    u64 sctlr_el1;
    bool has_pan;  // FEAT_PAN, FEAT_MTE2, FEAT_SSBS as the guest's ID registers show them
    bool has_mte;
    bool has_ssbs;
};

struct El1Entry {
    u64 pc;
    u64 pstate;
    u64 elr_el1;
    u64 spsr_el1;
};

El1Entry enter_el1(const El1EntryInput& input, ExceptionKind kind);

}  // namespace trapeze::arch
