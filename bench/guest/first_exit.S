// The least guest there is: says one byte and waits for ever. The time until that byte is the time from the start of
// a monitor to its first guest entry.
    .section .text.start, "ax"
    .globl _start
_start:
    b       1f
    .long   0
    .quad   0x200000                    // text_offset
    .quad   0x1000                      // image_size
    .quad   2                           // flags: little-endian, 4 KiB pages, close to the base of RAM
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0
1:  ldr     x0, =0x09000000             // PL011
    mov     w1, #0x301
    str     w1, [x0, #0x30]             // UARTCR: enable, transmit, receive
    mov     w1, #'!'
    str     w1, [x0]                    // UARTDR
2:  wfi
    b       2b
