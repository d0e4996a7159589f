// void hold_registers(Registers* registers): loads X0 to X30, NZCV and V0 to V31, does nothing for a while, and
// stores them. No register is in use in between, so the while is a row of instructions, not a loop.
    .set    NZCV, 8 * 31
    .set    V, 8 * 32
    .set    FRAME, 192
    .set    ADDRESS, 160                // in the frame: the argument
    .set    LAST_X0, 168

    .text
    .globl  hold_registers
    .type   hold_registers, %function
hold_registers:
    stp     x29, x30, [sp, #-FRAME]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    stp     d8, d9, [sp, #96]
    stp     d10, d11, [sp, #112]
    stp     d12, d13, [sp, #128]
    stp     d14, d15, [sp, #144]
    str     x0, [sp, #ADDRESS]

    ldr     x1, [x0, #NZCV]
    msr     nzcv, x1
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ldr     q\n, [x0, #V + 16 * \n]
    .endr
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    ldr     x\n, [x0, #8 * \n]
    .endr
    ldr     x0, [x0]

    // An emulated CPU takes no time for a NOP.
    .rept   8192
    ldr     xzr, [sp]
    .endr

    str     x0, [sp, #LAST_X0]
    ldr     x0, [sp, #ADDRESS]
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    str     x\n, [x0, #8 * \n]
    .endr
    ldr     x1, [sp, #LAST_X0]
    str     x1, [x0]
    mrs     x1, nzcv
    str     x1, [x0, #NZCV]
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    str     q\n, [x0, #V + 16 * \n]
    .endr

    ldp     d14, d15, [sp, #144]
    ldp     d12, d13, [sp, #128]
    ldp     d10, d11, [sp, #112]
    ldp     d8, d9, [sp, #96]
    ldp     x27, x28, [sp, #80]
    ldp     x25, x26, [sp, #64]
    ldp     x23, x24, [sp, #48]
    ldp     x21, x22, [sp, #32]
    ldp     x19, x20, [sp, #16]
    ldp     x29, x30, [sp], #FRAME
    ret
    .size   hold_registers, . - hold_registers
    .section .note.GNU-stack, "", %progbits
