#include "kernel_gic_controller.h"

#include <fmt/core.h>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"
#include "trapeze/machine/memory_map.h"

namespace trapeze::machine {
namespace {

constexpr u32 kFirstSpi = 32;
constexpr u32 kBankSize = 32;

u32 spi_number(bus::IntId id) {
    return to_number(id) - to_number(bus::spi(0));
}

bool worth_showing(const irqchip::IrqView& irq) {
    return irq.enabled || irq.pending || irq.active || irq.high;
}

}  // namespace

void KernelGicController::set_level(bus::IntId id, bool level) {
    CHECK(spi_number(id) < spi_count_);
    wires_[spi_number(id)].store(level, std::memory_order_relaxed);
    gic_->set_spi(spi_number(id), level);
}

void KernelGicController::pulse(bus::IntId id) {
    set_level(id, true);
    set_level(id, false);
}

std::vector<KernelGicController::Interrupt> KernelGicController::bank_of_interrupts(unsigned vcpu,
                                                                                    u32 bank) const {
    const u32 first = bank * kBankSize;
    const u32 enabled = bank_register(vcpu, first, Bank::kEnable + bank * 4);
    const u32 active = bank_register(vcpu, first, Bank::kActive + bank * 4);
    const u32 group = bank_register(vcpu, first, Bank::kGroup + bank * 4);
    const u32 pending = pending_bank(vcpu, bank);
    std::vector<Interrupt> list;
    for (u32 n = 0; n < kBankSize; ++n) {
        const u32 intid = first + n;
        const auto flag = [n](u32 word) { return (word >> n & 1u) != 0; };
        Interrupt irq;
        irq.view = {.id = intid,
                    .name = irqchip::intid_name(intid),
                    .enabled = flag(enabled),
                    .pending = flag(pending),
                    .active = flag(active),
                    .high = intid >= kFirstSpi && wires_[intid - kFirstSpi].load(std::memory_order_relaxed),
                    .details = {}};
        if (!worth_showing(irq.view)) continue;
        irq.group = flag(group) ? 1 : 0;
        const u32 priorities = bank_register(vcpu, intid, Bank::kPriority + intid / 4 * 4);
        irq.priority = static_cast<u8>(priorities >> intid % 4 * 8);
        const u32 config = bank_register(vcpu, intid, Bank::kConfig + intid / 16 * 4);
        const bool edge = (config >> (intid % 16 * 2 + 1) & 1u) != 0;
        irq.view.details = fmt::format("group {}, priority {:#x}{}{}", irq.group, irq.priority,
                                       edge ? ", edge" : "", intid < kFirstSpi ? "" : route_text(intid));
        list.push_back(std::move(irq));
    }
    return list;
}

// The kernel does not tell which interrupt it signals: this is the architecture's rule, without preemption.
irqchip::CpuView KernelGicController::cpu_view(bus::VcpuIndex vcpu) const {
    const CpuInterface cpu = cpu_interface(vcpu);
    irqchip::CpuView view;
    view.details = fmt::format("priority mask {:#x}", cpu.priority_mask);
    unsigned best_priority = 0x100;
    unsigned best_group = 0;
    const auto consider = [&](const Interrupt& irq) {
        const bool candidate = irq.view.pending && irq.view.enabled && !irq.view.active;
        if (!candidate || !cpu.group_enabled[irq.group] || irq.priority >= best_priority) return;
        best_priority = irq.priority;
        best_group = irq.group;
        view.next = irq.view.id;
    };
    for (u32 bank = 0; bank <= spi_count_ / kBankSize; ++bank) {
        for (Interrupt& irq : bank_of_interrupts(vcpu, bank)) {
            if (bank == 0 || is_routed_to(irq.view.id, vcpu)) consider(irq);
            if (bank == 0) view.irqs.push_back(std::move(irq.view));
        }
    }
    if (!view.next) return view;
    if (best_priority >= cpu.priority_mask) {
        view.held_back = "its priority is not above the priority mask";
    } else {
        (best_group == 0 && cpu.group0_is_fiq ? view.fiq : view.irq) = true;
    }
    return view;
}

std::vector<irqchip::IrqView> KernelGicController::shared_view() const {
    std::vector<irqchip::IrqView> views;
    for (u32 bank = 1; bank <= spi_count_ / kBankSize; ++bank) {
        for (Interrupt& irq : bank_of_interrupts(0, bank)) views.push_back(std::move(irq.view));
    }
    return views;
}

// --- Version 3 ---------------------------------------------------------------------------------------------

namespace {

using arch::SysReg;
using trap::CpuPort;
using trap::MinEl;
using trap::SysRegValue;
using trap::SysRegWrite;

using Row = trap::SysRegRow<KernelGicCpuRegisters>;

constexpr Row row(SysReg reg, const char* spec) {
    return {reg,
            MinEl::El1,
            MinEl::El1,
            [](KernelGicCpuRegisters& owner, CpuPort&, SysReg r) {
                const auto value = owner.gic->cpu_register(owner.vcpu, r);
                return value ? SysRegValue(*value) : SysRegValue::make_undef();
            },
            [](KernelGicCpuRegisters& owner, CpuPort&, SysReg r, u64 value) -> SysRegWrite {
                return owner.gic->set_cpu_register(owner.vcpu, r, value) ? SysRegWrite::Done
                                                                         : SysRegWrite::Undef;
            },
            spec};
}

constexpr Row kRows[] = {
    row(arch::reg::ICC_PMR_EL1, "IHI0069 ICC_PMR_EL1"),
    row(arch::reg::ICC_BPR0_EL1, "IHI0069 ICC_BPR0_EL1"),
    row(arch::reg::ICC_AP0R0_EL1, "IHI0069 ICC_AP0R<n>_EL1"),
    row(arch::reg::ICC_AP1R0_EL1, "IHI0069 ICC_AP1R<n>_EL1"),
    row(arch::reg::ICC_BPR1_EL1, "IHI0069 ICC_BPR1_EL1"),
    row(arch::reg::ICC_CTLR_EL1, "IHI0069 ICC_CTLR_EL1"),
    row(arch::reg::ICC_SRE_EL1, "IHI0069 ICC_SRE_EL1"),
    row(arch::reg::ICC_IGRPEN0_EL1, "IHI0069 ICC_IGRPEN0_EL1"),
    row(arch::reg::ICC_IGRPEN1_EL1, "IHI0069 ICC_IGRPEN1_EL1"),
};
static_assert(trap::valid_sysreg_table(kRows));

}  // namespace

void KernelGicv3Controller::add_sysregs(trap::SysRegSpace& space, bus::VcpuIndex vcpu) {
    cpu_registers_.push_back({&gic(), vcpu});
    space.add(cpu_registers_.back(), kRows);
}

KernelGicController::CpuInterface KernelGicv3Controller::cpu_interface(unsigned vcpu) const {
    const auto reg = [&](SysReg r) { return gic().cpu_register(vcpu, r).value_or(0); };
    return {.group_enabled = {(reg(arch::reg::ICC_IGRPEN0_EL1) & 1) != 0,
                              (reg(arch::reg::ICC_IGRPEN1_EL1) & 1) != 0},
            .priority_mask = static_cast<u8>(reg(arch::reg::ICC_PMR_EL1)),
            .group0_is_fiq = true};
}

u32 KernelGicv3Controller::bank_register(unsigned vcpu, u32 intid, u32 offset) const {
    constexpr u32 kSgiFrame = 0x1'0000;
    return intid < kFirstSpi ? gic().redistributor_register(vcpu, kSgiFrame + offset)
                             : gic().distributor_register(vcpu, offset);
}

u32 KernelGicv3Controller::pending_bank(unsigned vcpu, u32 bank) const {
    u32 edge = 0;
    for (u32 half = 0; half < 2; ++half) {
        const u32 config = bank_register(vcpu, bank * kBankSize, Bank::kConfig + (bank * 2 + half) * 4);
        for (u32 n = 0; n < 16; ++n) edge |= (config >> (n * 2 + 1) & 1u) << (half * 16 + n);
    }
    return bank_register(vcpu, bank * kBankSize, Bank::kPending + bank * 4) |
           (gic().wire_levels(vcpu, bank) & ~edge);
}

u64 KernelGicv3Controller::irouter(u32 intid) const {
    const u32 offset = 0x6000 + intid * 8;
    return gic().distributor_register(0, offset) | u64{gic().distributor_register(0, offset + 4)} << 32;
}

bool KernelGicv3Controller::is_routed_to(u32 intid, unsigned vcpu) const {
    const u64 route = irouter(intid);
    constexpr u64 kAffinity = mask(39, 32) | mask(23, 0);
    return (route & bit(31)) != 0 || (route & kAffinity) == map::mpidr(vcpu);
}

std::string KernelGicv3Controller::route_text(u32 intid) const {
    return fmt::format(", GICD_IROUTER {:#x}", irouter(intid));
}

// --- Version 2 ---------------------------------------------------------------------------------------------

KernelGicController::CpuInterface KernelGicv2Controller::cpu_interface(unsigned vcpu) const {
    constexpr u32 kCtlr = 0x0, kPmr = 0x4;
    const u32 ctlr = gic().cpu_interface_register(vcpu, kCtlr);
    return {.group_enabled = {(ctlr & 1u) != 0, (ctlr & 2u) != 0},
            // The kernel keeps its five bits in the low ones (Linux "arm-vgic.rst").
            .priority_mask = static_cast<u8>(gic().cpu_interface_register(vcpu, kPmr) << 3),
            .group0_is_fiq = (ctlr & 8u) != 0};
}

u32 KernelGicv2Controller::bank_register(unsigned vcpu, u32 /*intid*/, u32 offset) const {
    return gic().distributor_register(vcpu, offset);
}

u32 KernelGicv2Controller::pending_bank(unsigned vcpu, u32 bank) const {
    return gic().distributor_register(vcpu, Bank::kPending + bank * 4);
}

bool KernelGicv2Controller::is_routed_to(u32 intid, unsigned vcpu) const {
    const u32 word = gic().distributor_register(0, Bank::kTargets + intid / 4 * 4);
    return (word >> intid % 4 * 8 & 1u << vcpu) != 0;
}

std::string KernelGicv2Controller::route_text(u32 intid) const {
    const u32 word = gic().distributor_register(0, Bank::kTargets + intid / 4 * 4);
    return fmt::format(", GICD_ITARGETSR {:#04x}", word >> intid % 4 * 8 & 0xff);
}

}  // namespace trapeze::machine
