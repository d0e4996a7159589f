// What the bench guest and those who watch it agree on.
#pragma once

// A store here begins a phase (its number) or ends one (zero). It is GPIODIR of the PL061, which has no
// effect without lines, so that one image does for every monitor; the floor program knows nothing else of the
// machine.
#define BENCH_MARK_ADDRESS 0x09030400

// The MMIO register of the MMIO phases: UARTIMSC of the PL011, which stores a few bits and has no side effect
// while no line of the UART is up.
#define BENCH_MMIO_ADDRESS 0x09000038

#define BENCH_HVC          1
#define BENCH_MMIO_READ    2
#define BENCH_MMIO_WRITE   3
#define BENCH_SYSREG_READ  4
#define BENCH_SYSREG_WRITE 5
// The rest need an interrupt controller.
#define BENCH_IAR_EOI      6
#define BENCH_SGI_SPIN     7
#define BENCH_SGI_WFI      8
#define BENCH_TIMER        9
