// A GICv2 with recording CPU lines, and short names for what a guest does to it.
#pragma once

#include "gic_fixture.h"
#include "trapeze/base/bits.h"
#include "trapeze/irqchip/gicv2.h"

namespace trapeze::irqchip::gicv2_test {

using test::FakeLines;
using test::kSpurious;

// Offsets in the distributor's frame.
namespace gicd {
inline constexpr u64 kCtlr = 0x000, kTyper = 0x004, kIidr = 0x008, kIgroupr = 0x080, kIsenabler = 0x100,
                     kIcenabler = 0x180, kIspendr = 0x200, kIcpendr = 0x280, kIsactiver = 0x300,
                     kIcactiver = 0x380, kIpriorityr = 0x400, kItargetsr = 0x800, kIcfgr = 0xc00,
                     kNsacr = 0xe00, kSgir = 0xf00, kCpendsgir = 0xf10, kSpendsgir = 0xf20;
}  // namespace gicd

// Offsets in the CPU interface's frame.
namespace gicc {
inline constexpr u64 kCtlr = 0x00, kPmr = 0x04, kBpr = 0x08, kIar = 0x0c, kEoir = 0x10, kRpr = 0x14,
                     kHppir = 0x18, kAbpr = 0x1c, kAiar = 0x20, kAeoir = 0x24, kAhppir = 0x28, kApr0 = 0xd0,
                     kNsapr0 = 0xe0, kIidr = 0xfc, kDir = 0x1000;
}  // namespace gicc

// GICC_CTLR.
inline constexpr u64 kEnableGrp0 = 1, kEnableGrp1 = 2, kAckCtl = 4, kFiqEn = 8, kCbpr = 0x10,
                     kEoiMode = 0x200;

// What GICC_IAR returns for an SGI.
constexpr u64 sgi_from(unsigned sender, u64 intid) {
    return u64{sender} << 10 | intid;
}

// A GIC and its vCPUs.
class Bench {
public:
    explicit Bench(unsigned vcpus, u32 spis = 988) : lines(vcpus), gic({vcpus, spis}, lines), vcpus_(vcpus) {}

    u64 dist(u64 offset, bus::VcpuIndex v = 0, unsigned size = 4) {
        return gic.distributor().mmio_read({offset, size, v}) & low_mask(8 * size);
    }
    void dist_write(u64 offset, u64 value, bus::VcpuIndex v = 0, unsigned size = 4) {
        gic.distributor().mmio_write({offset, size, v}, value & low_mask(8 * size));
    }
    u64 cpu(u64 offset, bus::VcpuIndex v = 0, unsigned size = 4) {
        return gic.cpu_interface().mmio_read({offset, size, v}) & low_mask(8 * size);
    }
    void cpu_write(u64 offset, u64 value, bus::VcpuIndex v = 0, unsigned size = 4) {
        gic.cpu_interface().mmio_write({offset, size, v}, value & low_mask(8 * size));
    }

    // What a guest does at boot: both groups on everywhere and the mask open. Everything is in group 0.
    void bring_up() {
        dist_write(gicd::kCtlr, 3);
        for (bus::VcpuIndex v = 0; v < vcpus_; ++v) {
            cpu_write(gicc::kPmr, 0xff, v);
            cpu_write(gicc::kCtlr, kEnableGrp0 | kEnableGrp1, v);
        }
    }

    // One interrupt's bit in a bank, as vCPU v sees it.
    void write_bit(u64 bank, u32 intid, bus::VcpuIndex v = 0) {
        dist_write(bank + intid / 32 * 4, bit(intid % 32), v);
    }
    bool read_bit(u64 bank, u32 intid, bus::VcpuIndex v = 0) {
        return (dist(bank + intid / 32 * 4, v) >> intid % 32 & 1) != 0;
    }
    void set_group1(u32 intid, bus::VcpuIndex v = 0) {
        const u64 offset = gicd::kIgroupr + intid / 32 * 4;
        dist_write(offset, dist(offset, v) | bit(intid % 32), v);
    }
    void enable(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIsenabler, intid, v); }
    void disable(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIcenabler, intid, v); }
    void set_pending(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIspendr, intid, v); }
    void clear_pending(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIcpendr, intid, v); }
    void set_active(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIsactiver, intid, v); }
    void clear_active(u32 intid, bus::VcpuIndex v = 0) { write_bit(gicd::kIcactiver, intid, v); }
    bool pending(u32 intid, bus::VcpuIndex v = 0) { return read_bit(gicd::kIspendr, intid, v); }
    bool active(u32 intid, bus::VcpuIndex v = 0) { return read_bit(gicd::kIsactiver, intid, v); }
    void set_priority(u32 intid, u8 priority, bus::VcpuIndex v = 0) {
        dist_write(gicd::kIpriorityr + intid, priority, v, 1);
    }
    void set_targets(u32 intid, u64 mask) { dist_write(gicd::kItargetsr + intid, mask, 0, 1); }
    void set_edge(u32 intid, bool edge, bus::VcpuIndex v = 0) {
        const u64 offset = gicd::kIcfgr + intid / 16 * 4;
        const u64 mask = bit(intid % 16 * 2 + 1);
        dist_write(offset, edge ? dist(offset, v) | mask : dist(offset, v) & ~mask, v);
    }
    void level(u32 intid, bool on) { gic.set_level(bus::IntId{intid}, on); }
    // GICD_SGIR, to listed vCPUs.
    void send_sgi(bus::VcpuIndex from, u64 targets, u64 intid) {
        dist_write(gicd::kSgir, targets << 16 | intid, from);
    }

    u64 iar(bus::VcpuIndex v = 0) { return cpu(gicc::kIar, v); }
    void eoi(u64 value, bus::VcpuIndex v = 0) { cpu_write(gicc::kEoir, value, v); }
    bool irq(bus::VcpuIndex v = 0) const { return lines.lines.at(v).irq; }
    bool fiq(bus::VcpuIndex v = 0) const { return lines.lines.at(v).fiq; }

    FakeLines lines;
    Gicv2 gic;

private:
    unsigned vcpus_;
};

}  // namespace trapeze::irqchip::gicv2_test
