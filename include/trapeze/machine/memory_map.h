// Guest physical addresses and interrupts of the machine: those of QEMU's `virt`, so that kernels, firmware
// and scripts which know that machine run unchanged.
#pragma once

#include <vector>

#include "trapeze/bus/irq.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::machine::map {

inline constexpr mem::GpaRange kGicDistributor{mem::Gpa{0x0800'0000}, 0x1'0000};
inline constexpr mem::GpaRange kGicv2CpuInterface{mem::Gpa{0x0801'0000}, 0x1'0000};
inline constexpr mem::GpaRange kGicIts{mem::Gpa{0x0808'0000}, 0x2'0000};
// Room for 123 redistributors of 128 KiB; the rest live above RAM.
inline constexpr mem::GpaRange kGicRedistributors{mem::Gpa{0x080a'0000}, 0x00f6'0000};
inline constexpr mem::GpaRange kGicRedistributorsHigh{mem::Gpa{0x40'0000'0000}, 0x0400'0000};
inline constexpr mem::GpaRange kUart{mem::Gpa{0x0900'0000}, 0x1000};
inline constexpr mem::GpaRange kRtc{mem::Gpa{0x0901'0000}, 0x1000};
inline constexpr mem::GpaRange kGpio{mem::Gpa{0x0903'0000}, 0x1000};
inline constexpr mem::GpaRange kUart1{mem::Gpa{0x0904'0000}, 0x1000};
// 32 slots of 512 bytes, with SPIs from kVirtioSpi up.
inline constexpr mem::GpaRange kVirtio{mem::Gpa{0x0a00'0000}, 0x4000};
inline constexpr unsigned kVirtioSlots = 32;
// Ours: virt has this device on PCI only. Nothing of virt is here.
inline constexpr mem::GpaRange kPvpanic{mem::Gpa{0x090f'0000}, 2};
// Ours, for tests; nothing of virt is here either.
inline constexpr mem::GpaRange kScratch{mem::Gpa{0x090e'0000}, 0x2000};
// irqchip::kRvicMsiAddress, where a guest with less RAM than reaches there can ring it, too.
inline constexpr mem::GpaRange kRvicMsiDoorbell{mem::Gpa{0xba5e'0000}, 4};
inline constexpr mem::Gpa kRam{0x4000'0000};

inline constexpr u32 kUartSpi = 1;
inline constexpr u32 kRtcSpi = 2;
inline constexpr u32 kGpioSpi = 7;
inline constexpr u32 kUart1Spi = 8;
inline constexpr u32 kVirtioSpi = 16;

inline constexpr bus::IntId kPmuIrq = bus::ppi(7);
inline constexpr bus::IntId kVirtualTimerIrq = bus::ppi(11);
inline constexpr bus::IntId kPhysicalTimerIrq = bus::ppi(14);

// Affinity of vCPU n: clusters of 16, as GICv3 target lists want them.
constexpr u64 mpidr(unsigned n) {
    return u64{n / 16} << 8 | n % 16;
}
// Of vCPUs 0 to `vcpus` - 1.
inline std::vector<u64> mpidrs(unsigned vcpus) {
    std::vector<u64> list;
    for (unsigned n = 0; n < vcpus; ++n) list.push_back(mpidr(n));
    return list;
}

// Bits of guest physical address space for that much RAM, with everything above it.
constexpr unsigned address_bits(u64 ram_bytes, unsigned vcpus) {
    u64 end = kRam.value + ram_bytes;
    if (u64{vcpus} * 0x2'0000 > kGicRedistributors.size && end < kGicRedistributorsHigh.end().value) {
        end = kGicRedistributorsHigh.end().value;
    }
    unsigned bits = 32;
    while (bits < 52 && (u64{1} << bits) < end) ++bits;
    return bits;
}

}  // namespace trapeze::machine::map
