#include "machine_report.h"

#include "trapeze/arch/sysreg.h"

namespace trapeze::ci {
namespace {

using accel::CoreReg;
using arch::Pstate;

constexpr u32 kFirstSpi = 32;
constexpr u64 kVbarStep = 0x1'0000;  // Linux is linked and slid by multiples of 64 KiB
constexpr u64 kSctlrM = 1;           // SCTLR_EL1.M: the stage 1 MMU is on

bool worth_telling(const irqchip::Gicv3IrqState& state) {
    return state.pending || state.active;
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

std::string interrupt_name(u32 intid) {
    if (intid < 16) return fmt::format("SGI {}", intid);
    if (intid >= kFirstSpi) return fmt::format("SPI {}", intid - kFirstSpi);
    // As the Arm Base System Architecture assigns them, and this machine does.
    switch (intid) {
        case 23: return "PMU";
        case 27: return "virtual timer";
        case 30: return "physical timer";
        default: return fmt::format("PPI {}", intid - 16);
    }
}

std::string describe_interrupt(const InterruptReport& interrupt) {
    const irqchip::Gicv3IrqState& state = interrupt.state;
    std::string text = fmt::format("INTID {} ({}):{}{}, {}, group {}, priority {:#x}", interrupt.intid,
                                   interrupt_name(interrupt.intid), state.pending ? " pending" : "",
                                   state.active ? " active" : "", state.enabled ? "enabled" : "not enabled",
                                   state.group, state.priority);
    if (interrupt.intid >= kFirstSpi) {
        text += state.target ? fmt::format(", for vCPU {}", *state.target)
                             : fmt::format(", GICD_IROUTER {:#x}", state.irouter);
    }
    return text;
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
        for (const InterruptReport& spi : report_.spis) line("{}", describe_interrupt(spi));
        if (report_.has_gic && report_.spis.empty()) line("no SPI is pending or active");
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
        if (!report_.has_gic) return;
        line("  GIC: IRQ {}, FIQ {}, priority mask {:#x}, running priority {:#x}{}",
             cpu.gic.irq ? "high" : "low", cpu.gic.fiq ? "high" : "low", cpu.gic.priority_mask,
             cpu.gic.running_priority, cpu.gic.asleep ? ", redistributor asleep" : "");
        for (const InterruptReport& interrupt : cpu.interrupts) line("  {}", describe_interrupt(interrupt));
        explain(cpu);
    }

    // Why an interrupt that is there does not arrive.
    void explain(const CpuReport& cpu) {
        const auto masked = [&cpu](u64 mask) { return (cpu.pstate.value & mask) != 0; };
        if (cpu.gic.irq && masked(Pstate::I::kMask)) {
            line("  => INTID {} waits: IRQs are masked by PSTATE.I", cpu.gic.highest_pending);
        }
        if (cpu.gic.fiq && masked(Pstate::F::kMask)) {
            line("  => INTID {} waits: FIQs are masked by PSTATE.F", cpu.gic.highest_pending);
        }
        if (cpu.gic.irq || cpu.gic.fiq) return;
        constexpr u32 kFirstSpecial = 1020;
        if (cpu.gic.highest_pending < kFirstSpecial) {
            line("  => INTID {} waits: its priority is not above the priority mask and the running priority",
                 cpu.gic.highest_pending);
        }
        for (const InterruptReport& interrupt : cpu.interrupts) {
            if (interrupt.state.pending && !interrupt.state.enabled) {
                line("  => INTID {} waits: it is not enabled", interrupt.intid);
            }
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

MachineReport take_report(debug::MachineControl& machine, const irqchip::Gicv3* gic,
                          const std::vector<bool>& asleep) {
    MachineReport report;
    report.has_gic = gic != nullptr;
    for (std::size_t n = 0; n < machine.cpu_count(); ++n) {
        CpuReport cpu = take_cpu(machine.cpu(n));
        cpu.asleep = n < asleep.size() && asleep[n];
        if (gic != nullptr) {
            const auto index = static_cast<bus::VcpuIndex>(n);
            cpu.gic = gic->cpu_state(index);
            for (u32 intid = 0; intid < kFirstSpi; ++intid) {
                const auto state = gic->irq_state(bus::IntId{intid}, index);
                if (worth_telling(state)) cpu.interrupts.push_back({intid, state});
            }
        }
        report.cpus.push_back(std::move(cpu));
    }
    if (gic == nullptr) return report;
    for (u32 intid = kFirstSpi; intid < gic->intid_count(); ++intid) {
        const auto state = gic->irq_state(bus::IntId{intid});
        if (worth_telling(state)) report.spis.push_back({intid, state});
    }
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
