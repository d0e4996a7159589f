// Numbers that assembly and C++ share.
#pragma once

#define MAX_CPUS        8
#define STACK_SIZE      16384

// struct Cpu and struct Frame, checked in exception.cc.
#define CPU_SIZE        256
#define CPU_ENTRY_STATE 8
#define FRAME_SIZE      288

// The 2 MiB that EL0 may read, write and execute.
#define EL0_REGION      0x46000000

// Descriptors: AF, block. Attribute 0 is Device-nGnRE and execute-never, 1 is Normal write-back, inner
// shareable.
#define DEVICE_BLOCK    (0x1 | (1 << 10) | (3 << 53))
#define NORMAL_BLOCK    (0x1 | (1 << 10) | (3 << 8) | (1 << 2) | (1 << 54))
#define EL0_BLOCK       (0x1 | (1 << 10) | (3 << 8) | (1 << 2) | (1 << 6) | (1 << 53))

#define MAIR_VALUE      0xff04
// T0SZ 25, write-back inner shareable walks, 4 KiB, no TTBR1 walks, 40-bit output.
#define TCR_VALUE       (25 | (1 << 8) | (1 << 10) | (3 << 12) | (1 << 23) | (2 << 32))
// The bits that are RES1 in Armv8.0, M, C, SA, SA0, I. EL0 may not use WFI, WFE, CTR_EL0 or DC ZVA.
#define SCTLR_VALUE     (0x30d00800 | (1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 12))
