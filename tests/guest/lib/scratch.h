// The test device (-machine x-test-device=on; src/devices/scratch.h has its registers), and pages of it
// beside pages of RAM.
#pragma once

#include "cpu.h"

namespace guest::scratch {

constexpr u64 kDevice = 0x090e0000;
constexpr u64 kLog = 0x1000;  // from here on, what was accessed
constexpr u64 kPage = 0x1000;

struct Access {
    u64 offset;
    u64 size;
    bool is_write;
    u64 value;
};

inline void clear_log() {
    write64(kDevice + kLog, 0);
}
inline u64 accesses() {
    return read64(kDevice + kLog);
}
inline Access access(u64 n) {
    const u64 what = read64(kDevice + kLog + 0x10 + n * 16);
    return {what & 0xffff, field(what, 23, 16), (what >> 31) != 0, read64(kDevice + kLog + 0x18 + n * 16)};
}

// Pages at addresses of their own, readable and writable at EL1 and EL0.
constexpr u64 kWindow = 0xc0000000;
constexpr u64 kRamBefore = kWindow;                // RAM
constexpr u64 kDevicePage = kWindow + 1 * kPage;   // the device's bytes, Device-nGnRE
constexpr u64 kRamAfter = kWindow + 2 * kPage;     // RAM
constexpr u64 kNormalPage = kWindow + 3 * kPage;   // the device's bytes, Normal Non-cacheable
constexpr u64 kRamLast = kWindow + 4 * kPage;      // RAM
constexpr u64 kNormalPage2 = kWindow + 5 * kPage;  // as kNormalPage
constexpr u64 kInvalid = kWindow + 6 * kPage;      // a Translation fault of level 3
constexpr u64 kPrivileged = kWindow + 7 * kPage;   // as kDevicePage, not for EL0
constexpr u64 kReadOnly = kWindow + 8 * kPage;     // as kDevicePage
// Where the RAM of the window is in the identity map.
constexpr u64 kRamBeforeFlat = kScratch;
constexpr u64 kRamAfterFlat = kScratch + kPage;
constexpr u64 kRamLastFlat = kScratch + 2 * kPage;

inline void map_window() {
    struct alignas(4096) Table {
        u64 entries[512];
    };
    static Table level2;
    static Table level3;
    constexpr u64 kEl0 = 1 << 6;
    constexpr u64 kReadOnlyBit = 1 << 7;
    constexpr u64 kDeviceBits = 0x3 | 1 << 10 | u64{3} << 53;
    constexpr u64 kNormalBits = kDeviceBits | 3 << 8 | 2 << 2;
    constexpr u64 kRamBits = kDeviceBits | 3 << 8 | 1 << 2;
    const u64 pages[] = {kRamBeforeFlat | kRamBits | kEl0,
                         kDevice | kDeviceBits | kEl0,
                         kRamAfterFlat | kRamBits | kEl0,
                         kDevice | kNormalBits | kEl0,
                         kRamLastFlat | kRamBits | kEl0,
                         kDevice | kNormalBits | kEl0,
                         0,
                         kDevice | kDeviceBits,
                         kDevice | kDeviceBits | kEl0 | kReadOnlyBit};
    for (unsigned n = 0; n < sizeof(pages) / sizeof(pages[0]); ++n) level3.entries[n] = pages[n];
    level2.entries[0] = reinterpret_cast<u64>(&level3) | 3;
    WRITE_SYSREG(MAIR_EL1, READ_SYSREG(MAIR_EL1) | 0x44 << 16);
    auto* level1 = reinterpret_cast<volatile u64*>(READ_SYSREG(TTBR0_EL1) & 0xfffffffff000);
    level1[kWindow >> 30] = reinterpret_cast<u64>(&level2) | 3;
    asm volatile("dsb sy\n isb\n tlbi vmalle1\n dsb sy\n isb" ::: "memory");
}

}  // namespace guest::scratch
