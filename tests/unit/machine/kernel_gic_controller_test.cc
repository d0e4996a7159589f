#include "kernel_gic_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "trapeze/base/bits.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Registers as a test sets them; zero otherwise.
struct FakeGic final : accel::KernelGic {
    void set_spi(u32 n, bool level) override { wires.emplace_back(n, level); }
    void reset() override { ++resets; }
    u32 distributor_register(unsigned vcpu, u32 offset) const override {
        // SPIs are not banked.
        const bool banked = offset % 0x80 == 0 && offset < 0x400;
        return value(distributor, {banked ? vcpu : 0, offset});
    }
    u32 redistributor_register(unsigned vcpu, u32 offset) const override {
        return value(redistributor, {vcpu, offset});
    }
    u32 wire_levels(unsigned vcpu, u32 bank) const override { return value(levels, {vcpu, bank}); }
    std::optional<u64> cpu_register(unsigned vcpu, arch::SysReg reg) const override {
        const auto at = cpu.find({vcpu, reg.encoding()});
        return at == cpu.end() ? std::nullopt : std::optional(at->second);
    }
    u32 cpu_interface_register(unsigned vcpu, u32 offset) const override {
        return value(cpu_interface, {vcpu, offset});
    }

    using Key = std::pair<u32, u32>;  // vCPU and offset
    static u32 value(const std::map<Key, u32>& from, Key key) {
        const auto at = from.find(key);
        return at == from.end() ? 0 : at->second;
    }
    std::map<Key, u32> distributor, redistributor, levels, cpu_interface;
    std::map<Key, u64> cpu;
    std::vector<std::pair<u32, bool>> wires;
    int resets = 0;
};

constexpr u32 kSgiFrame = 0x1'0000;

template <typename Controller>
struct Bench {
    Bench() {
        auto owned = std::make_unique<FakeGic>();
        gic = owned.get();
        controller.set_gic(std::move(owned));
    }
    FakeGic* gic = nullptr;
    Controller controller{64};
};

struct Gicv3 : Bench<KernelGicv3Controller> {
    Gicv3() {
        for (u32 vcpu = 0; vcpu < 2; ++vcpu) {
            gic->cpu[{vcpu, arch::reg::ICC_PMR_EL1.encoding()}] = 0xf0;
            gic->cpu[{vcpu, arch::reg::ICC_IGRPEN1_EL1.encoding()}] = 1;
            gic->redistributor[{vcpu, kSgiFrame + 0x80}] = ~0u;  // all in group 1
        }
        gic->distributor[{0, 0x84}] = ~0u;
    }
    // The virtual timer of a vCPU: enabled, and pending because its wire is high.
    void raise_timer(u32 vcpu) {
        gic->redistributor[{vcpu, kSgiFrame + 0x100}] = 1u << 27;
        gic->levels[{vcpu, 0}] = 1u << 27;
        gic->redistributor[{vcpu, kSgiFrame + 0x418}] = 0xa0u << 24;
    }
};

TEST(KernelGic, WiresGoToTheKernel) {
    Gicv3 b;
    b.controller.set_level(bus::spi(1), true);
    b.controller.set_level(bus::spi(1), false);
    b.controller.pulse(bus::spi(63));
    EXPECT_THAT(b.gic->wires, ElementsAre(std::pair(1u, true), std::pair(1u, false), std::pair(63u, true),
                                          std::pair(63u, false)));
    b.controller.reset();
    EXPECT_EQ(b.gic->resets, 1);
}

TEST(KernelGic, ALevelIsPendingByItsWire) {
    Gicv3 b;
    b.raise_timer(1);
    EXPECT_THAT(b.controller.cpu_view(0).irqs, IsEmpty());
    const irqchip::CpuView cpu = b.controller.cpu_view(1);
    ASSERT_EQ(cpu.irqs.size(), 1u);
    EXPECT_EQ(irqchip::describe(cpu.irqs[0]),
              "INTID 27 (virtual timer): pending, enabled, group 1, priority 0xa0");
    EXPECT_EQ(cpu.next, 27u);
    EXPECT_TRUE(cpu.irq);
    EXPECT_FALSE(cpu.fiq);
    EXPECT_EQ(cpu.details, "priority mask 0xf0");
    // As an edge, the wire alone does not count.
    b.gic->redistributor[{1, kSgiFrame + 0xc04}] = 2u << (27 - 16) * 2;
    EXPECT_EQ(b.controller.cpu_view(1).next, std::nullopt);
}

TEST(KernelGic, WhatIsMaskedIsHeldBack) {
    Gicv3 b;
    b.raise_timer(0);
    b.gic->cpu[{0, arch::reg::ICC_PMR_EL1.encoding()}] = 0xa0;
    const irqchip::CpuView cpu = b.controller.cpu_view(0);
    EXPECT_FALSE(cpu.irq);
    EXPECT_EQ(cpu.next, 27u);
    EXPECT_EQ(cpu.held_back, "its priority is not above the priority mask");
    b.gic->cpu[{0, arch::reg::ICC_IGRPEN1_EL1.encoding()}] = 0;
    EXPECT_EQ(b.controller.cpu_view(0).next, std::nullopt) << "its group is off";
}

TEST(KernelGic, SharedInterruptsAreOfferedWhereTheyAreRouted) {
    Gicv3 b;
    b.gic->distributor[{0, 0x104}] = 2;           // SPI 1 is enabled,
    b.gic->distributor[{0, 0x204}] = 2;           // pending,
    b.gic->distributor[{0, 0x6000 + 33 * 8}] = 1;  // and vCPU 1 gets it
    EXPECT_EQ(b.controller.cpu_view(0).next, std::nullopt);
    EXPECT_EQ(b.controller.cpu_view(1).next, 33u);
    b.controller.set_level(bus::spi(2), true);
    const auto shared = b.controller.shared_view();
    ASSERT_EQ(shared.size(), 2u);
    EXPECT_EQ(irqchip::describe(shared[0]),
              "INTID 33 (SPI 1): pending, enabled, group 1, priority 0x0, GICD_IROUTER 0x1");
    EXPECT_EQ(irqchip::describe(shared[1]),
              "INTID 34 (SPI 2): not enabled, high, group 1, priority 0x0, GICD_IROUTER 0x0");
}

TEST(KernelGic, DebuggersReadTheCpuInterface) {
    Gicv3 b;
    trap::SysRegSpace space;
    b.controller.add_sysregs(space, 1);
    EXPECT_NE(space.find(arch::reg::ICC_PMR_EL1), nullptr);
    EXPECT_NE(space.find(arch::reg::ICC_IGRPEN1_EL1), nullptr);
    EXPECT_EQ(space.find(arch::reg::ICC_IAR1_EL1), nullptr) << "reading it would acknowledge";
}

TEST(KernelGic, Version2HasBankedRegistersAndTargets) {
    Bench<KernelGicv2Controller> b;
    b.gic->cpu_interface[{1, 0x0}] = 1;
    b.gic->cpu_interface[{1, 0x4}] = 0xf0 >> 3;
    b.gic->distributor[{0, 0x104}] = 2;
    b.gic->distributor[{0, 0x204}] = 2;
    b.gic->distributor[{0, 0x820}] = 0x02 << 8;  // GICD_ITARGETSR of SPI 1
    EXPECT_EQ(b.controller.cpu_view(0).next, std::nullopt);
    const irqchip::CpuView cpu = b.controller.cpu_view(1);
    EXPECT_EQ(cpu.next, 33u);
    EXPECT_TRUE(cpu.irq) << "group 0 is IRQ unless GICC_CTLR.FIQEn";
    EXPECT_EQ(cpu.details, "priority mask 0xf0");
    ASSERT_EQ(b.controller.shared_view().size(), 1u);
    EXPECT_EQ(b.controller.shared_view()[0].details, "group 0, priority 0x0, GICD_ITARGETSR 0x02");
}

}  // namespace
}  // namespace trapeze::machine
