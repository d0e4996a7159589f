// A GICv3 with recording CPU lines, and short names for what a guest does to it.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "gic_fixture.h"
#include "trapeze/base/bits.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::irqchip::test {

// The state of a vCPU that a system register access looks at: EL1, and the operand in X0.
class FakeCpu final : public trap::CpuPort {
public:
    explicit FakeCpu(bus::VcpuIndex index) : index_(index) {}
    bus::VcpuIndex index() const override { return index_; }
    u64 pc() const override { return 0; }
    u64 x(unsigned n) override { return n == 0 ? x0 : 0; }
    arch::Pstate pstate() override { return {arch::Pstate::kModeEl1h}; }
    u64 sysreg(arch::SysReg) override { return 0; }
    void set_sysreg(arch::SysReg, u64) override {}

    u64 x0 = 0;

private:
    bus::VcpuIndex index_;
};

inline constexpr u64 kSgiFrame = 0x1'0000;

// A GIC and its vCPUs.
class Bench {
public:
    explicit Bench(unsigned vcpus, u32 spis = 988) : Bench(mpidrs(vcpus), spis) {}
    explicit Bench(std::vector<u64> affinities, u32 spis = 988)
        : lines(affinities.size()), gic({affinities, spis}, lines), spaces(affinities.size()) {
        for (bus::VcpuIndex v = 0; v < spaces.size(); ++v) {
            gic.add_sysregs(spaces[v], v);
            cpus.emplace_back(v);
        }
    }

    u64 dist(u64 offset, unsigned size = 4) { return read(gic.distributor(), offset, size); }
    void dist_write(u64 offset, u64 value, unsigned size = 4) {
        gic.distributor().mmio_write({offset, size, 0}, value & low_mask(8 * size));
    }
    u64 redist(bus::VcpuIndex v, u64 offset, unsigned size = 4) {
        return read(gic.redistributors(), v * kGicv3RedistributorStride + offset, size);
    }
    void redist_write(bus::VcpuIndex v, u64 offset, u64 value, unsigned size = 4) {
        gic.redistributors().mmio_write({v * kGicv3RedistributorStride + offset, size, v},
                                        value & low_mask(8 * size));
    }

    // A system register access as the vCPU makes it; UNDEFINED is a test failure.
    u64 icc(bus::VcpuIndex v, arch::SysReg reg) {
        const trap::Outcome outcome = spaces.at(v).handle({reg, 5, true}, cpus[v]);
        const auto* result = std::get_if<trap::WriteReg>(&outcome);
        if (result == nullptr) {
            ADD_FAILURE() << "read of " << arch::sysreg_to_string(reg) << " is undefined";
            return ~u64{0};
        }
        return result->value;
    }
    void icc_write(bus::VcpuIndex v, arch::SysReg reg, u64 value) {
        cpus[v].x0 = value;
        const trap::Outcome outcome = spaces.at(v).handle({reg, 0, false}, cpus[v]);
        EXPECT_TRUE(std::holds_alternative<trap::Advance>(outcome))
            << "write of " << arch::sysreg_to_string(reg) << " is undefined";
    }

    // What a guest does at boot: groups on, redistributors awake, mask open, everything in group 1.
    void bring_up() {
        dist_write(0x0, 3);
        for (u64 n = 1; n < 32; ++n) dist_write(0x80 + 4 * n, ~u64{0});
        for (bus::VcpuIndex v = 0; v < spaces.size(); ++v) {
            redist_write(v, 0x14, 0);
            redist_write(v, kSgiFrame + 0x80, ~u64{0});
            icc_write(v, arch::reg::ICC_PMR_EL1, 0xff);
            icc_write(v, arch::reg::ICC_IGRPEN0_EL1, 1);
            icc_write(v, arch::reg::ICC_IGRPEN1_EL1, 1);
        }
    }

    // One interrupt's bit in a GICD bank, or in vCPU v's GICR bank when it is private.
    void write_bit(u64 bank, u32 intid, bus::VcpuIndex v = 0) {
        if (intid < 32) {
            redist_write(v, kSgiFrame + bank, bit(intid));
        } else {
            dist_write(bank + intid / 32 * 4, bit(intid % 32));
        }
    }
    bool read_bit(u64 bank, u32 intid, bus::VcpuIndex v = 0) {
        const u64 word = intid < 32 ? redist(v, kSgiFrame + bank) : dist(bank + intid / 32 * 4);
        return (word >> intid % 32 & 1) != 0;
    }
    void set_group0(u32 intid, bus::VcpuIndex v = 0) {
        if (intid < 32) {
            redist_write(v, kSgiFrame + 0x80, redist(v, kSgiFrame + 0x80) & ~bit(intid));
        } else {
            const u64 offset = 0x80 + intid / 32 * 4;
            dist_write(offset, dist(offset) & ~bit(intid % 32));
        }
    }
    void enable(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x100, intid, v); }
    void disable(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x180, intid, v); }
    void set_pending(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x200, intid, v); }
    void clear_pending(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x280, intid, v); }
    void set_active(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x300, intid, v); }
    void clear_active(u32 intid, bus::VcpuIndex v = 0) { write_bit(0x380, intid, v); }
    bool pending(u32 intid, bus::VcpuIndex v = 0) { return read_bit(0x200, intid, v); }
    bool active(u32 intid, bus::VcpuIndex v = 0) { return read_bit(0x300, intid, v); }
    void set_priority(u32 intid, u8 priority, bus::VcpuIndex v = 0) {
        if (intid < 32) {
            redist_write(v, kSgiFrame + 0x400 + intid, priority, 1);
        } else {
            dist_write(0x400 + intid, priority, 1);
        }
    }
    void set_edge(u32 intid, bool edge, bus::VcpuIndex v = 0) {
        const u64 offset = 0xc00 + intid / 16 * 4;
        const u64 mask = bit(intid % 16 * 2 + 1);
        const u64 old = intid < 32 ? redist(v, kSgiFrame + offset) : dist(offset);
        const u64 value = edge ? old | mask : old & ~mask;
        if (intid < 32) {
            redist_write(v, kSgiFrame + offset, value);
        } else {
            dist_write(offset, value);
        }
    }
    void set_router(u32 intid, u64 value) { dist_write(0x6000 + 8 * u64{intid}, value, 8); }

    u64 iar1(bus::VcpuIndex v = 0) { return icc(v, arch::reg::ICC_IAR1_EL1); }
    u64 iar0(bus::VcpuIndex v = 0) { return icc(v, arch::reg::ICC_IAR0_EL1); }
    void eoi1(u64 intid, bus::VcpuIndex v = 0) { icc_write(v, arch::reg::ICC_EOIR1_EL1, intid); }
    void eoi0(u64 intid, bus::VcpuIndex v = 0) { icc_write(v, arch::reg::ICC_EOIR0_EL1, intid); }
    bool irq(bus::VcpuIndex v = 0) const { return lines.lines.at(v).irq; }
    bool fiq(bus::VcpuIndex v = 0) const { return lines.lines.at(v).fiq; }

    FakeLines lines;
    Gicv3 gic;
    std::vector<trap::SysRegSpace> spaces;
    std::vector<FakeCpu> cpus;

private:
    static u64 read(bus::MmioDevice& device, u64 offset, unsigned size) {
        return device.mmio_read({offset, size, 0}) & low_mask(8 * size);
    }
};

}  // namespace trapeze::irqchip::test
