#include "machine_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace trapeze::ci {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr u64 kVectors = 0xffff'8000'8001'0000;

CpuReport running() {
    CpuReport cpu;
    cpu.power = vcpu::PowerState::On;
    cpu.pc = 0xffff'8000'8000'1010;
    cpu.lr = 0xffff'8000'8000'1104;
    cpu.pstate = arch::Pstate{0x6000'03c5};
    cpu.sctlr = 1;
    cpu.vbar = kVectors;
    return cpu;
}

SymbolTable symbols() {
    return SymbolTable({{0xffff'8000'8000'1000, 0x20, "hang_loop"},
                        {0xffff'8000'8000'1100, 0x40, "caller"},
                        {kVectors, 0, "vectors"}});
}

MachineReport report_of(std::vector<CpuReport> cpus) {
    MachineReport report;
    report.cpus = std::move(cpus);
    report.irqchip = "GICv3";
    return report;
}

irqchip::IrqView pending(u32 intid, bool enabled) {
    return {.id = intid,
            .name = irqchip::intid_name(intid),
            .enabled = enabled,
            .pending = true,
            .details = "group 1, priority 0xa0"};
}

TEST(MachineReport, NamesWhereAVcpuIs) {
    const auto lines = describe(report_of({running()}), symbols());
    EXPECT_THAT(lines, Contains("vCPU 0: running at EL1h"));
    EXPECT_THAT(lines, Contains("  PC 0xffff800080001010 hang_loop+0x10/0x20"));
    EXPECT_THAT(lines, Contains("  LR 0xffff800080001104 caller+0x4/0x40"));
    EXPECT_THAT(lines, Contains(HasSubstr("PSTATE 0x600003c5 nZCv DAIF")));
    EXPECT_THAT(lines, Not(Contains(HasSubstr("KASLR"))));
}

TEST(MachineReport, FollowsKaslr) {
    constexpr u64 kSlide = 0x1234'5000'0000;
    CpuReport cpu = running();
    cpu.pc += kSlide;
    cpu.lr += kSlide;
    cpu.vbar += kSlide;
    // The other one is at EL0, with vectors elsewhere.
    CpuReport user = running();
    user.pstate = arch::Pstate{0};
    user.vbar = 0xffff'fc00'0000'0800;
    const MachineReport report = report_of({user, cpu});
    EXPECT_EQ(find_slide(report, symbols()), kSlide);
    const auto lines = describe(report, symbols());
    EXPECT_THAT(lines, Contains(HasSubstr("hang_loop+0x10/0x20")));
    EXPECT_THAT(lines, Contains("addresses are 0x123450000000 above those of the symbol file (KASLR)"));
    EXPECT_THAT(lines, Contains("vCPU 0: running at EL0"));
}

TEST(MachineReport, PhysicalAddressesAreNotSlid) {
    CpuReport cpu = running();
    cpu.vbar += 0x10'0000;
    CpuReport early = running();
    early.sctlr = 0;
    const auto lines = describe(report_of({cpu, early}), symbols());
    EXPECT_THAT(lines, Contains("vCPU 1: running at EL1h, MMU off"));
    EXPECT_THAT(lines, Contains("  PC 0xffff800080001010 hang_loop+0x10/0x20"));
}

TEST(MachineReport, TellsOffAndAsleep) {
    CpuReport asleep = running();
    asleep.asleep = true;
    asleep.pstate = arch::Pstate{0x5};
    CpuReport starting;
    starting.power = vcpu::PowerState::OnPending;
    const auto lines = describe(report_of({asleep, CpuReport{}, starting}), SymbolTable());
    EXPECT_THAT(lines, Contains("vCPU 0: asleep in WFI at EL1h"));
    EXPECT_THAT(lines, Contains("vCPU 1: off"));
    EXPECT_THAT(lines, Contains("vCPU 2: about to start"));
    EXPECT_THAT(lines, Contains("no shared interrupt is pending or active"));
}

TEST(MachineReport, ExplainsWhyAnInterruptWaits) {
    CpuReport masked = running();
    masked.irqchip.irqs = {pending(27, true)};
    masked.irqchip.irq = true;
    masked.irqchip.next = 27;
    masked.irqchip.details = "priority mask 0xf0";
    CpuReport disabled = running();
    disabled.irqchip.irqs = {pending(30, false)};
    CpuReport low = running();
    low.irqchip.irqs = {pending(5, true)};
    low.irqchip.next = 5;  // an SGI
    low.irqchip.held_back = "its priority is too low";
    CpuReport fiq = running();
    fiq.irqchip.fiq = true;
    fiq.irqchip.next = 40;
    const auto lines = describe(report_of({masked, disabled, low, fiq}), SymbolTable());
    EXPECT_THAT(lines, Contains("  GICv3: IRQ high, FIQ low, priority mask 0xf0"));
    EXPECT_THAT(lines, Contains("  INTID 27 (virtual timer): pending, enabled, group 1, priority 0xa0"));
    EXPECT_THAT(lines, Contains("  => INTID 27 (virtual timer) waits: IRQs are masked by PSTATE.I"));
    EXPECT_THAT(lines, Contains("  INTID 30 (physical timer): pending, not enabled, group 1, priority 0xa0"));
    EXPECT_THAT(lines, Contains("  => INTID 30 (physical timer) waits: it is not enabled"));
    EXPECT_THAT(lines, Contains("  => INTID 5 (SGI 5) waits: its priority is too low"));
    EXPECT_THAT(lines, Contains("  => INTID 40 waits: FIQs are masked by PSTATE.F"));
}

TEST(MachineReport, NothingIsExplainedThatIsAllRight) {
    CpuReport cpu = running();
    cpu.pstate = arch::Pstate{0x5};
    cpu.irqchip.irq = true;
    cpu.irqchip.next = 27;
    EXPECT_THAT(describe(report_of({cpu}), SymbolTable()), Not(Contains(HasSubstr("=>"))));
}

TEST(MachineReport, ShowsSharedInterruptsThatArePendingOrActive) {
    MachineReport report = report_of({});
    irqchip::IrqView uart = pending(33, true);
    uart.active = true;
    irqchip::IrqView other = pending(40, false);
    other.high = true;
    irqchip::IrqView quiet = pending(41, true);
    quiet.pending = false;
    report.shared_irqs = {uart, other, quiet};
    const auto lines = describe(report, SymbolTable());
    EXPECT_EQ(lines, (std::vector<std::string>{
                         "INTID 33 (SPI 1): pending active, enabled, group 1, priority 0xa0",
                         "INTID 40 (SPI 8): pending, not enabled, high, group 1, priority 0xa0"}));
}

}  // namespace
}  // namespace trapeze::ci
