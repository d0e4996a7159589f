// A GICv2 without the Security Extensions (IHI0048), as its driver sees it.
#pragma once

#include "gic.h"

namespace guest::gicv2 {

using namespace gic;

constexpr u64 kCpu = 0x08010000;

// Distributor offsets.
constexpr u64 kItargetsr = 0x0800;
constexpr u64 kNsacr = 0x0e00;
constexpr u64 kSgir = 0x0f00;
constexpr u64 kCpendsgir = 0x0f10;
constexpr u64 kSpendsgir = 0x0f20;
constexpr u64 kPidr2 = 0x0fe8;

// CPU interface offsets.
constexpr u64 kCpuCtlr = 0x0000;
constexpr u64 kPmr = 0x0004;
constexpr u64 kBpr = 0x0008;
constexpr u64 kIar = 0x000c;
constexpr u64 kEoir = 0x0010;
constexpr u64 kRpr = 0x0014;
constexpr u64 kHppir = 0x0018;
constexpr u64 kAbpr = 0x001c;
constexpr u64 kAiar = 0x0020;
constexpr u64 kAeoir = 0x0024;
constexpr u64 kAhppir = 0x0028;
constexpr u64 kApr0 = 0x00d0;
constexpr u64 kNsapr0 = 0x00e0;
constexpr u64 kAprs = 4;  // of each; those that an implementation does not need are RAZ/WI
constexpr u64 kCpuIidr = 0x00fc;
constexpr u64 kDir = 0x1000;

// GICC_CTLR.
constexpr u32 kEnableGrp0 = 1 << 0;
constexpr u32 kEnableGrp1 = 1 << 1;
constexpr u32 kAckCtl = 1 << 2;
constexpr u32 kFiqEn = 1 << 3;
constexpr u32 kCbpr = 1 << 4;
constexpr u32 kEoiMode = 1 << 9;

constexpr u32 kOtherGroup = 1022;

// What GICC_IAR shows for an SGI.
constexpr u32 sgi_from(unsigned cpu, u32 intid) {
    return cpu << 10 | intid;
}

const Gic& controller();

// A register of this CPU's interface. A write has taken effect when it returns.
inline u32 read_cpu(u64 offset) {
    const u32 value = read32(kCpu + offset);
    dsb();
    return value;
}
inline void write_cpu(u64 offset, u32 value) {
    write32(kCpu + offset, value);
    dsb();
}

}  // namespace guest::gicv2
