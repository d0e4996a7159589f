// A guest for the gdb tests: two CPUs, MMU off, one label for each thing that gdb is to be shown. Linked for 0x40200000,
// which leaves the start of RAM to the device tree.
    .arch   armv8-a+fp+simd
    .section .text.start, "ax"
    .globl _start
_start:
    adr     x1, vectors
    msr     VBAR_EL1, x1
    mov     x1, #(3 << 20)
    msr     CPACR_EL1, x1
    isb
    mov     x5, #0x1234

    .globl with_fp
with_fp:
    fmov    d1, #1.5
    movi    v2.16b, #0x5a
    .globl after_fp
after_fp:
    nop

    // A variable that changes, for watchpoints.
    adr     x10, counter
    mov     x11, #0
    .globl count_loop
count_loop:
    ldr     x11, [x10]
    add     x11, x11, #1
    .globl count_store
count_store:
    str     x11, [x10]
    cmp     x11, #20
    b.lo    count_loop

    // Traps, for catch points and steps over what userspace emulates.
    .globl trap_hvc
trap_hvc:
    mov     w0, #0x84000000             // PSCI_VERSION
    hvc     #0
    .globl after_hvc
after_hvc:
    mov     x12, x0
    .globl trap_sysreg
trap_sysreg:
    mov     x13, #0xf0
    msr     S3_0_C4_C6_0, x13           // ICC_PMR_EL1
    mrs     x14, S3_0_C4_C6_0
    .globl after_sysreg
after_sysreg:
    nop
    .globl trap_wfi
trap_wfi:
    wfi                                 // nothing is going to wake it, but a step has to
    .globl after_wfi
after_wfi:
    nop
    .globl trap_mmio
trap_mmio:
    mov     x15, #0x09000000            // the UART's flag register
    ldr     w16, [x15, #0x18]
    .globl after_mmio
after_mmio:
    nop

    // Exceptions of the guest's own.
    .globl do_svc
do_svc:
    svc     #7
    .globl after_svc
after_svc:
    nop
    .globl own_brk
own_brk:
    brk     #0x123
    .globl after_brk
after_brk:
    nop

    // The other CPU.
    .globl turn_on
turn_on:
    mov     x0, #0x0003
    movk    x0, #0xc400, lsl #16        // CPU_ON
    mov     x1, #1
    adr     x2, secondary
    mov     x3, #0x77
    hvc     #0
    .globl after_turn_on
after_turn_on:
    nop
    .globl forever
forever:
    add     x20, x20, #1
    ldr     x21, =finish
    ldr     x21, [x21]
    cbz     x21, forever
    cmp     x21, #1
    b.eq    restart
    .globl power_off
power_off:
    mov     w0, #0x0008
    movk    w0, #0x8400, lsl #16        // SYSTEM_OFF
    hvc     #0
    b       .
    .globl restart
restart:
    mov     w0, #0x0009
    movk    w0, #0x8400, lsl #16        // SYSTEM_RESET
    hvc     #0
    b       .

    .globl secondary
secondary:
    mov     x19, x0
    .globl secondary_loop
secondary_loop:
    add     x20, x20, #1
    nop
    b       secondary_loop

    .balign 0x800
    .globl vectors
vectors:
    .balign 0x80
    b       .
    .balign 0x80
    b       .
    .balign 0x80
    b       .
    .balign 0x80
    b       .
    .balign 0x80
    .globl vector_sync
vector_sync:                            // synchronous, EL1 with SP_EL1
    mrs     x22, ESR_EL1
    lsr     x23, x22, #26
    cmp     x23, #0x3c                  // BRK: its preferred return address is the BRK
    b.ne    1f
    mrs     x24, ELR_EL1
    add     x24, x24, #4
    msr     ELR_EL1, x24
1:  .globl vector_return
vector_return:
    eret
    .balign 0x80
    b       .

    .data
    .balign 16
    .globl counter
    .type   counter, %object
    .size   counter, 8
counter:
    .quad   0
    .globl finish
    .type   finish, %object
    .size   finish, 8
finish:
    .quad   0
    .globl scratch
scratch:
    .fill   64, 1, 0xee
