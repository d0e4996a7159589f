#include "machine_report.h"

#include <algorithm>

#include "trapeze/arch/sysreg.h"

namespace trapeze::ci {
namespace {

using accel::CoreReg;
using arch::Pstate;

constexpr u64 kVbarStep = 0x1'0000;  // Linux is linked and slid by multiples of 64 KiB
constexpr u64 kSctlrM = 1;           // SCTLR_EL1.M: the stage 1 MMU is on

bool worth_telling(const irqchip::IrqView& irq) {
    return irq.pending || irq.active;
}

CpuReport take_cpu(vcpu::Vcpu& cpu) {
    CpuReport report;
    report.power = cpu.power_state();
    if (report.power != vcpu::PowerState::On) return report;
    accel::Vcpu& accel = cpu.accel();
    const auto sysreg = [&accel](arch::SysReg reg) { return accel.get(reg).value_or(0); };
    report.pc = accel.get(CoreReg::Pc);
    report.lr = accel.get(accel::x_reg(30));
    report.pstate = Pstate{accel.get(CoreReg::Pstate)};
    report.sp = accel.get(accel::sp_reg(report.pstate));
    report.sctlr = sysreg(arch::reg::SCTLR_EL1);
    report.vbar = sysreg(arch::reg::VBAR_EL1);
    report.elr = accel.get(CoreReg::ElrEl1);
    report.esr = sysreg(arch::reg::ESR_EL1);
    report.far = sysreg(arch::reg::FAR_EL1);
    return report;
}

std::string flags(Pstate pstate) {
    const u64 value = pstate.value;
    const auto flag = [value](unsigned bit, char set, char clear) {
        return (value >> bit & 1) != 0 ? set : clear;
    };
    return {flag(31, 'N', 'n'), flag(30, 'Z', 'z'), flag(29, 'C', 'c'), flag(28, 'V', 'v'), ' ',
            flag(9, 'D', 'd'),  flag(8, 'A', 'a'),  flag(7, 'I', 'i'),  flag(6, 'F', 'f')};
}

std::string level(Pstate pstate) {
    if (pstate.is_aarch32()) return fmt::format("EL{} (AArch32)", pstate.el());
    if (pstate.el() == 0) return "EL0";
    return fmt::format("EL{}{}", pstate.el(), Pstate::Sp::get(pstate.value) != 0 ? 'h' : 't');
}

std::string with_symbol(std::string_view name, u64 address, const std::string& symbol) {
    return fmt::format("  {} {:#018x}{}{}", name, address, symbol.empty() ? "" : " ", symbol);
}

class Describer {
public:
    Describer(const MachineReport& report, const SymbolTable& symbols)
        : report_(report), symbols_(symbols), slide_(find_slide(report, symbols)) {}

    std::vector<std::string> run() {
        for (std::size_t n = 0; n < report_.cpus.size(); ++n) describe_cpu(n, report_.cpus[n]);
        if (!report_.irqchip.empty()) describe_shared_irqs();
        if (slide_ != 0) line("addresses are {:#x} above those of the symbol file (KASLR)", slide_);
        return std::move(lines_);
    }

private:
    template <typename... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        lines_.push_back(fmt::format(format, std::forward<Args>(args)...));
    }

    // With the MMU off, addresses are physical, which only a program linked that way agrees with.
    u64 linked(const CpuReport& cpu, u64 address) const {
        return (cpu.sctlr & kSctlrM) != 0 ? address - slide_ : address;
    }

    void describe_shared_irqs() {
        bool any = false;
        for (const irqchip::IrqView& irq : report_.shared_irqs) {
            if (!worth_telling(irq)) continue;
            line("{}", irqchip::describe(irq));
            any = true;
        }
        if (!any) line("no shared interrupt is pending or active");
    }

    void describe_cpu(std::size_t n, const CpuReport& cpu) {
        if (cpu.power != vcpu::PowerState::On) {
            line("vCPU {}: {}", n, cpu.power == vcpu::PowerState::Off ? "off" : "about to start");
            return;
        }
        line("vCPU {}: {} at {}{}", n, cpu.asleep ? "asleep in WFI" : "running", level(cpu.pstate),
             (cpu.sctlr & kSctlrM) != 0 ? "" : ", MMU off");
        line("{}", with_symbol("PC", cpu.pc, symbols_.describe(linked(cpu, cpu.pc))));
        line("{}", with_symbol("LR", cpu.lr, symbols_.describe_return(linked(cpu, cpu.lr))));
        line("  SP {:#018x} PSTATE {:#010x} {}", cpu.sp, cpu.pstate.value, flags(cpu.pstate));
        line("  last exception to EL1: ESR_EL1 {:#010x} ELR_EL1 {:#x} FAR_EL1 {:#x}", cpu.esr, cpu.elr,
             cpu.far);
        if (report_.irqchip.empty()) return;
        line("  {}: IRQ {}, FIQ {}, {}", report_.irqchip, cpu.irqchip.irq ? "high" : "low",
             cpu.irqchip.fiq ? "high" : "low", cpu.irqchip.details);
        for (const irqchip::IrqView& irq : cpu.irqchip.irqs) {
            if (worth_telling(irq)) line("  {}", irqchip::describe(irq));
        }
        explain(cpu);
    }

    static std::string name_of_next(const irqchip::CpuView& view) {
        if (!view.next) return "an interrupt";
        const auto known = std::ranges::find(view.irqs, *view.next, &irqchip::IrqView::id);
        return known != view.irqs.end() ? known->name : fmt::format("INTID {}", *view.next);
    }

    // Why an interrupt that is there does not arrive.
    void explain(const CpuReport& cpu) {
        const irqchip::CpuView& view = cpu.irqchip;
        const auto masked = [&cpu](u64 mask) { return (cpu.pstate.value & mask) != 0; };
        const std::string next = name_of_next(view);
        if (view.irq && masked(Pstate::I::kMask)) line("  => {} waits: IRQs are masked by PSTATE.I", next);
        if (view.fiq && masked(Pstate::F::kMask)) line("  => {} waits: FIQs are masked by PSTATE.F", next);
        if (view.irq || view.fiq) return;
        if (!view.held_back.empty()) line("  => {} waits: {}", next, view.held_back);
        for (const irqchip::IrqView& irq : view.irqs) {
            if (irq.pending && !irq.enabled) line("  => {} waits: it is not enabled", irq.name);
        }
    }

    const MachineReport& report_;
    const SymbolTable& symbols_;
    const u64 slide_;
    std::vector<std::string> lines_;
};

}  // namespace

std::vector<bool> sleeping_cpus(debug::MachineControl& machine) {
    std::vector<bool> asleep;
    for (std::size_t n = 0; n < machine.cpu_count(); ++n) asleep.push_back(machine.cpu(n).asleep());
    return asleep;
}

MachineReport take_report(debug::MachineControl& machine, const irqchip::Controller* irqchip,
                          const std::vector<bool>& asleep) {
    MachineReport report;
    for (std::size_t n = 0; n < machine.cpu_count(); ++n) {
        CpuReport cpu = take_cpu(machine.cpu(n));
        cpu.asleep = n < asleep.size() && asleep[n];
        if (irqchip != nullptr) cpu.irqchip = irqchip->cpu_view(static_cast<bus::VcpuIndex>(n));
        report.cpus.push_back(std::move(cpu));
    }
    if (irqchip == nullptr) return report;
    report.irqchip = irqchip->name();
    report.shared_irqs = irqchip->shared_view();
    return report;
}

u64 find_slide(const MachineReport& report, const SymbolTable& symbols) {
    const std::optional<u64> vectors = symbols.address_of("vectors");
    if (!vectors) return 0;
    for (const CpuReport& cpu : report.cpus) {
        if (cpu.power != vcpu::PowerState::On || (cpu.sctlr & kSctlrM) == 0) continue;
        // At EL0, a kernel may have other vectors in place, elsewhere.
        const u64 distance = cpu.vbar - *vectors;
        if (distance % kVbarStep == 0) return distance;
    }
    return 0;
}

std::vector<std::string> describe(const MachineReport& report, const SymbolTable& symbols) {
    return Describer(report, symbols).run();
}

}  // namespace trapeze::ci
