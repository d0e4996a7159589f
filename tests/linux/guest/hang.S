// A guest that hangs: its timer interrupt is pending and enabled, and PSTATE.I keeps it from being taken. An ELF
// program, entered like a kernel: at EL1, MMU off, interrupts masked.
    .macro set32 address, value
    ldr     x1, =\address
    ldr     w2, =\value
    str     w2, [x1]
    .endm

    .text
    .globl  _start
    .type   _start, %function
_start:
    ldr     x1, =0x09000000             // UARTDR
    adr     x2, text
1:  ldrb    w3, [x2]
    cbz     w3, 2f
    str     w3, [x1]
    add     x2, x2, #1
    b       1b
2:
    set32   0x08000000, 0x12            // GICD_CTLR: ARE, EnableGrp1
    set32   0x080a0014, 0               // GICR_WAKER: awake
    set32   0x080b0080, 0xffffffff      // GICR_IGROUPR0
    set32   0x080b0100, 0x08000000      // GICR_ISENABLER0: INTID 27, the virtual timer
    mov     x2, #7
    msr     S3_0_C12_C12_5, x2          // ICC_SRE_EL1
    isb
    mov     x2, #0xff
    msr     S3_0_C4_C6_0, x2            // ICC_PMR_EL1
    mov     x2, #1
    msr     S3_0_C12_C12_7, x2          // ICC_IGRPEN1_EL1
    msr     daifset, #15
    msr     cntv_tval_el0, xzr
    msr     cntv_ctl_el0, x2
    isb
    bl      hang_forever
    .size   _start, . - _start

    .type   hang_forever, %function
hang_forever:
    nop
    b       hang_forever
    .size   hang_forever, . - hang_forever

text:
    .asciz  "the guest is up\n"
    .balign 8
    .ltorg
