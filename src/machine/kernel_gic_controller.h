// irqchip::Controller over a GIC that the accelerator emulates: wires in, and views from its registers.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "trapeze/accel/kernel_gic.h"
#include "trapeze/irqchip/controller.h"
#include "trapeze/trap/sysreg_table.h"

namespace trapeze::machine {

// What both versions share. Registers of 32 interrupts at once are "banks", of INTIDs 32 * n upwards.
class KernelGicController : public irqchip::Controller {
public:
    explicit KernelGicController(u32 spi_count) : spi_count_(spi_count), wires_(spi_count) {}

    // Once, before the first vCPU runs. Without it nothing but its description is of use.
    void set_gic(std::unique_ptr<accel::KernelGic> gic) { gic_ = std::move(gic); }

    void reset() override { gic_->reset(); }
    // Its part of a vCPU is the kernel's to reset.
    void reset_cpu(bus::VcpuIndex) override {}
    void set_level(bus::IntId id, bool level) override;
    void pulse(bus::IntId id) override;
    // Timers and PMU are connected in the kernel.
    void set_private_level(bus::VcpuIndex, bus::IntId, bool) override {}

    u32 wire_count() const override { return spi_count_; }
    Activity activity(bus::IntId) const override { return {}; }
    irqchip::CpuView cpu_view(bus::VcpuIndex vcpu) const override;
    std::vector<irqchip::IrqView> shared_view() const override;

protected:
    // Offsets of the banks in the distributor and, for private interrupts of version 3, the redistributor.
    struct Bank {
        static constexpr u32 kGroup = 0x080, kEnable = 0x100, kPending = 0x200, kActive = 0x300,
                             kPriority = 0x400, kTargets = 0x800, kConfig = 0xc00;
    };
    struct Interrupt {
        irqchip::IrqView view;
        unsigned group = 0;
        u8 priority = 0;
    };
    struct CpuInterface {
        bool group_enabled[2] = {};
        u8 priority_mask = 0;
        bool group0_is_fiq = false;
    };

    virtual CpuInterface cpu_interface(unsigned vcpu) const = 0;
    // A register of a bank, by offset as in Bank.
    virtual u32 bank_register(unsigned vcpu, u32 intid, u32 offset) const = 0;
    virtual u32 pending_bank(unsigned vcpu, u32 bank) const = 0;
    // Whether an SPI may go to the vCPU, and that as text for all vCPUs.
    virtual bool is_routed_to(u32 intid, unsigned vcpu) const = 0;
    virtual std::string route_text(u32 intid) const = 0;

    const accel::KernelGic& gic() const { return *gic_; }
    accel::KernelGic& gic() { return *gic_; }

private:
    std::vector<Interrupt> bank_of_interrupts(unsigned vcpu, u32 bank) const;

    const u32 spi_count_;
    std::unique_ptr<accel::KernelGic> gic_;  // const after set_gic()
    std::vector<std::atomic<bool>> wires_;   // by INTID - 32, as last driven; for views
};

// The ICC_* registers of one vCPU.
struct KernelGicCpuRegisters {
    accel::KernelGic* gic;
    unsigned vcpu;
};

class KernelGicv3Controller final : public KernelGicController {
public:
    using KernelGicController::KernelGicController;

    std::string_view name() const override { return "GICv3 in the kernel"; }
    // ICC_* for debuggers: the guest's own accesses do not trap.
    void add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu);

private:
    CpuInterface cpu_interface(unsigned vcpu) const override;
    u32 bank_register(unsigned vcpu, u32 intid, u32 offset) const override;
    u32 pending_bank(unsigned vcpu, u32 bank) const override;
    bool is_routed_to(u32 intid, unsigned vcpu) const override;
    std::string route_text(u32 intid) const override;
    u64 irouter(u32 intid) const;

    std::deque<KernelGicCpuRegisters> cpu_registers_;  // const after add_sysregs()
};

class KernelGicv2Controller final : public KernelGicController {
public:
    using KernelGicController::KernelGicController;

    std::string_view name() const override { return "GICv2 in the kernel"; }

private:
    CpuInterface cpu_interface(unsigned vcpu) const override;
    u32 bank_register(unsigned vcpu, u32 intid, u32 offset) const override;
    u32 pending_bank(unsigned vcpu, u32 bank) const override;
    bool is_routed_to(u32 intid, unsigned vcpu) const override;
    std::string route_text(u32 intid) const override;
};

}  // namespace trapeze::machine
