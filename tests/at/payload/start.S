// Entry, the exceptions of EL3, and the window in which EL1 executes an AT with the registers of a case.
//
// The payload runs with the MMU off at its own Exception level. At EL3 that is all: no register of a case is
// one that EL3 uses. EL1 itself is under test at EL1, so the window has no data accesses, and is mapped by
// the half of the address space that the case does not use: at its physical address if that is TTBR0's, else
// at an alias in TTBR1's.
//
// SCTLR_EL1.{M,EE} have to change together, at an address that the case owns. So there, and on the way back,
// the next fetch may abort, or find a zero of the arena and be UNDEFINED: the vector, which is always mapped,
// goes on in place of the instruction. (Setting up the alias first, and the case from there, would rule out
// big-endian tables, as the alias has tables, too.)

    .section .text.start, "ax"
    .globl _start
_start:
    b       1f
    .balign 8
    // The caller writes these into the file, after the magic.
    .ascii  "ATPARAMS"
    .globl  parameters
parameters:
    .quad   1                           // seed
    .quad   0                           // number of the first case
    .quad   1000                        // count
    .quad   0                           // regime: CaseRegime
1:  msr     DAIFSet, #0xf
    msr     SPSel, #1
    ldr     x0, =stack_top
    mov     sp, x0
    mrs     x0, CurrentEL
    cmp     x0, #(3 << 2)
    b.ne    2f
    ldr     x0, =el3_vectors
    msr     VBAR_EL3, x0
    mov     x0, #0x531                  // SCR_EL3: RW, HCE, NS and RES1: EL2 is AArch64, in Non-secure state
    msr     SCR_EL3, x0
    isb
2:  ldr     x1, =__bss_start
    ldr     x2, =__bss_end
3:  cmp     x1, x2
    b.hs    4f
    str     xzr, [x1], #8
    b       3b
4:  bl      payload_main
5:  wfi
    b       5b

    // An AT at EL3 that takes an exception is skipped; x28 is ESR_EL3 then. Nothing else may take one.
    .balign 2048
el3_vectors:
    .rept   16
    .balign 128
    b       el3_exception
    .endr
el3_exception:
    mrs     x28, ELR_EL3
    add     x28, x28, #4
    msr     ELR_EL3, x28
    mrs     x28, ESR_EL3
    eret

    // One instruction and a branch for each operation, in the order of mem::AtOperation; x1 is the address.
    .macro  at_table after
    at      S1E1R, x1
    b       \after
    at      S1E1W, x1
    b       \after
    at      S1E0R, x1
    b       \after
    at      S1E0W, x1
    b       \after
    sys     #0, C7, C9, #0, x1          // S1E1RP
    b       \after
    sys     #0, C7, C9, #1, x1          // S1E1WP
    b       \after
    sys     #0, C7, C9, #2, x1          // S1E1A
    b       \after
    at      S1E2R, x1
    b       \after
    at      S1E2W, x1
    b       \after
    at      S12E1R, x1
    b       \after
    at      S12E1W, x1
    b       \after
    at      S12E0R, x1
    b       \after
    at      S12E0W, x1
    b       \after
    sys     #4, C7, C9, #2, x1          // S1E2A
    b       \after
    .endm

    // u64 at_el3(u64 operation, u64 va, u64* par): returns ESR_EL3 of an exception, or 0.
    .globl  at_el3
at_el3:
    str     x28, [sp, #-16]!
    mov     x28, xzr
    adr     x3, 1f
    add     x3, x3, x0, lsl #3
    ret     x3
1:  at_table 2f
2:  isb
    mrs     x3, PAR_EL1
    str     x3, [x2]
    mov     x0, x28
    ldr     x28, [sp], #16
    ret

    // --- The window: one page ---
    .balign 4096
    .globl  window_vectors
window_vectors:
    .rept   16
    .balign 128
    b       window_exception
    .endr
window_exception:
    cbz     x28, window_at
    cmp     x28, #1
    b.ne    window_done
    mrs     x13, ESR_EL1
    mov     x14, #1
    b       window_leave

    // void at_el1(WindowCase*): see execute.h for the fields.
    .globl  at_el1
at_el1:
    str     x28, [sp, #-16]!
    ldp     x1, x2, [x0]                // va, operation
    ldp     x3, x4, [x0, #16]           // SCTLR_EL1, TCR_EL1
    ldp     x5, x6, [x0, #32]           // TTBR0_EL1, TTBR1_EL1
    ldp     x7, x8, [x0, #48]           // MAIR_EL1, the alias of window_vectors
    ldr     x9, =window_vectors
    mrs     x10, SCTLR_EL1
    mov     x28, xzr
    msr     TCR_EL1, x4
    msr     TTBR0_EL1, x5
    msr     TTBR1_EL1, x6
    msr     MAIR_EL1, x7
    msr     VBAR_EL1, x8
    isb
    tlbi    VMALLE1
    dsb     nsh
    isb
    msr     SCTLR_EL1, x3
    isb
window_at:
    mov     x28, #1
    tlbi    VMALLE1                     // what the fetch may have left
    dsb     nsh
    isb
    adr     x12, 1f
    add     x12, x12, x2, lsl #3
    ret     x12                         // not BR: the page may be guarded
1:  at_table 2f
2:  isb
    mrs     x13, PAR_EL1
    mov     x14, xzr
window_leave:
    mov     x28, #2
    msr     VBAR_EL1, x9
    isb
    msr     SCTLR_EL1, x10
    isb
window_done:
    tlbi    VMALLE1
    dsb     nsh
    isb
    stp     x13, x14, [x0, #64]         // result, exception
    ldr     x28, [sp], #16
    ret
    .ltorg

    // The tables of the window, with 39-bit addresses and the 4KB granule: the first GB of RAM at its own
    // place, or at the start of TTBR1's half plus that. Privileged, read-only (WXN), executable, attribute 7;
    // no shareability, whose bits are of the address with TCR_EL1.DS.
    .balign 4096
    .globl  window_table
window_table:
    .quad   0, 0x40000000 | 1 << 54 | 1 << 10 | 1 << 7 | 7 << 2 | 1
    .fill   510, 8, 0
    // The same, big-endian.
    .globl  window_table_be
window_table_be:
    .quad   0, 0x9d04004000004000
    .fill   510, 8, 0

    .bss
    .balign 16
    .skip   65536
stack_top:
