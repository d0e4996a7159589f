// Entry of every CPU, exception vectors and the identity map.
//
// The image is linked for 0x40200000: the first 2 MiB of RAM stay free for a device tree, which QEMU puts at the
// base of RAM for ELF images. It starts with an arm64 Image header (Linux Documentation/arch/arm64/booting.rst), so
// that the flat binary boots with the Linux protocol and the ELF file from its entry point, both here.

#include "layout.h"

    .section .text.start, "ax"
    .globl _start
_start:
    b       boot_entry
    .long   0
    .quad   0x200000                    // text_offset
    .quad   __image_size
    .quad   2                           // flags: little-endian, 4 KiB pages, close to the base of RAM
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

    // The first CPU: x0 is the address of the device tree, or nothing useful (bare-metal ELF).
boot_entry:
    bl      record_entry_state
    bl      enable_mmu
    ldr     x1, =__bss_start
    ldr     x2, =__bss_end
1:  cmp     x1, x2
    b.hs    2f
    str     xzr, [x1], #8
    b       1b
2:  bl      setup_cpu
    bl      boot_main
    b       .

    // The others, from PSCI CPU_ON. x0 is the context id.
    .globl secondary_entry
secondary_entry:
    bl      record_entry_state
    bl      enable_mmu
    bl      setup_cpu
    bl      secondary_main
    b       .

    // The state a CPU starts in stays in x20-x24 until there is coherent memory to put it.
record_entry_state:
    mov     x20, x0
    mrs     x21, CurrentEL
    mrs     x22, SCTLR_EL1
    mrs     x23, DAIF
    mrs     x24, SPSel
    ret

    .globl enable_mmu
enable_mmu:
    msr     DAIFSet, #0xf
    msr     SPSel, #1
    ldr     x1, =MAIR_VALUE
    msr     MAIR_EL1, x1
    ldr     x1, =TCR_VALUE
    msr     TCR_EL1, x1
    adrp    x1, level1_table
    msr     TTBR0_EL1, x1
    mov     x1, #(3 << 20)              // CPACR_EL1.FPEN: no FP traps
    msr     CPACR_EL1, x1
    isb
    tlbi    vmalle1
    dsb     nsh
    ic      iallu
    dsb     nsh
    isb
    ldr     x1, =SCTLR_VALUE
    msr     SCTLR_EL1, x1
    isb
    ret

    // Stack, vectors and struct Cpu of CPU number MPIDR_EL1.Aff0. Uses x0-x3.
setup_cpu:
    mrs     x1, MPIDR_EL1
    and     x1, x1, #(MAX_CPUS - 1)
    ldr     x2, =cpu_stacks
    add     x3, x1, #1
    mov     x0, #STACK_SIZE
    madd    x2, x3, x0, x2
    mov     sp, x2
    ldr     x2, =cpus
    mov     x0, #CPU_SIZE
    madd    x0, x1, x0, x2
    msr     TPIDR_EL1, x0
    stp     x20, x21, [x0, #CPU_ENTRY_STATE]
    stp     x22, x23, [x0, #CPU_ENTRY_STATE + 16]
    str     x24, [x0, #CPU_ENTRY_STATE + 32]
    ldr     x2, =vectors
    msr     VBAR_EL1, x2
    isb
    mov     x29, xzr
    ret

    // --- Exceptions ---
    .macro vector kind
    .balign 128
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp]
    mov     x1, #\kind
    b       exception_common
    .endm

    .text
    .balign 2048
    .globl vectors
vectors:
    .altmacro
    .set    kind, 0
    .rept   16
    vector  %kind
    .set    kind, kind + 1
    .endr
    .noaltmacro

exception_common:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, ELR_EL1
    stp     x30, x2, [sp, #240]
    mrs     x2, SPSR_EL1
    mrs     x3, ESR_EL1
    stp     x2, x3, [sp, #256]
    mrs     x2, FAR_EL1
    str     x2, [sp, #272]
    mov     x0, sp
    bl      handle_exception
    ldp     x30, x2, [sp, #240]
    msr     ELR_EL1, x2
    ldr     x2, [sp, #256]
    msr     SPSR_EL1, x2
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp], #FRAME_SIZE
    eret

    // void enter_el0(u64 pc, u64 sp, u64 argument): returns when EL0 takes a synchronous exception.
    .globl enter_el0
enter_el0:
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    msr     ELR_EL1, x0
    msr     SP_EL0, x1
    mov     x3, #0x3c0                  // EL0t, DAIF masked
    msr     SPSR_EL1, x3
    mov     x0, x2
    eret
    .globl el0_return
el0_return:
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #96
    ret

    // u64 call_instruction(u64 x0, u64 code, u64 x2): calls code with x0 and x2 and returns x0.
    .globl call_instruction
call_instruction:
    stp     x29, x30, [sp, #-16]!
    blr     x1
    ldp     x29, x30, [sp], #16
    ret

    // --- Identity map: 4 KiB granule, 39-bit addresses, so level 1 is the first ---
    .section .tables, "aw"
    .balign 4096
level1_table:
    .quad   0x00000000 | DEVICE_BLOCK
    .quad   ram_table + 3
    .quad   0x80000000 | DEVICE_BLOCK   // rvic::kDoorbell
    .fill   509, 8, 0
    .balign 4096
ram_table:
    .set    address, 0x40000000
    .rept   512
    .if     address == EL0_REGION
    .quad   address | EL0_BLOCK
    .else
    .quad   address | NORMAL_BLOCK
    .endif
    .set    address, address + 0x200000
    .endr
