#include "hmp_registers.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "trapeze/arch/pstate.h"

namespace trapeze::debug {
namespace {

using accel::CoreReg;

// What `info registers` adds to the general ones: where an exception came from and where it goes, and the
// MMU.
constexpr arch::SysReg kShown[] = {
    arch::reg::SCTLR_EL1, arch::reg::TCR_EL1, arch::reg::TTBR0_EL1, arch::reg::TTBR1_EL1,
    arch::reg::VBAR_EL1,  arch::reg::ESR_EL1, arch::reg::FAR_EL1,   arch::reg::TPIDR_EL1,
};

// "-ZC- EL1h"
std::string describe_pstate(arch::Pstate pstate) {
    const u64 v = pstate.value;
    const auto flag = [v](unsigned bit, char letter) { return (v >> bit & 1) != 0 ? letter : '-'; };
    if (pstate.is_aarch32()) {
        return fmt::format("{}{}{}{} A32 mode {:#04x}", flag(31, 'N'), flag(30, 'Z'), flag(29, 'C'),
                           flag(28, 'V'), v & 0x1f);
    }
    return fmt::format("{}{}{}{} EL{}{} {}{}{}{}", flag(31, 'N'), flag(30, 'Z'), flag(29, 'C'), flag(28, 'V'),
                       pstate.el(), arch::Pstate::Sp::get(v) != 0 ? 'h' : 't', flag(9, 'D'), flag(8, 'A'),
                       flag(7, 'I'), flag(6, 'F'));
}

std::optional<u64> numbered_register(accel::Vcpu& cpu, std::string_view name) {
    const bool word = name.front() == 'w' || name.front() == 'W';
    if (!word && name.front() != 'x' && name.front() != 'X') return std::nullopt;
    unsigned n = 0;
    const std::string_view digits = name.substr(1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (error != std::errc() || end != digits.data() + digits.size() || n > 30) return std::nullopt;
    const u64 value = cpu.get(accel::x_reg(n));
    return word ? value & 0xffff'ffff : value;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

GeneralRegisters read_general_registers(MachineControl& machine, std::size_t index) {
    accel::Vcpu& cpu = machine.cpu(index).accel();
    GeneralRegisters regs{};
    for (unsigned n = 0; n < 31; ++n) regs.x[n] = cpu.get(accel::x_reg(n));
    regs.pc = cpu.get(CoreReg::Pc);
    regs.pstate = cpu.get(CoreReg::Pstate);
    regs.sp = cpu.get(accel::sp_reg({regs.pstate}));
    return regs;
}

std::optional<u64> named_register(MachineControl& machine, std::size_t index, std::string_view name) {
    if (name.empty()) return std::nullopt;
    accel::Vcpu& cpu = machine.cpu(index).accel();
    if (const auto value = numbered_register(cpu, name)) return value;
    const auto is = [name](std::string_view other) { return equal_ignoring_case(name, other); };
    if (is("pc")) return cpu.get(CoreReg::Pc);
    if (is("lr")) return cpu.get(accel::x_reg(30));
    if (is("fp")) return cpu.get(accel::x_reg(29));
    if (is("pstate") || is("cpsr")) return cpu.get(CoreReg::Pstate);
    if (is("sp")) return cpu.get(accel::sp_reg({cpu.get(CoreReg::Pstate)}));
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
        if (is(known.name)) return machine.read_sysreg(index, known.reg);
    }
    return std::nullopt;
}

// The layout is QEMU's, which scripts take apart.
std::string describe_registers(MachineControl& machine, std::size_t cpu) {
    const GeneralRegisters regs = read_general_registers(machine, cpu);
    std::string text = fmt::format("\nCPU#{}\n PC={:016x} ", cpu, regs.pc);
    for (unsigned n = 0; n < 31; ++n)
        text += fmt::format("X{:02}={:016x}{}", n, regs.x[n], n % 3 == 1 ? "\n" : " ");
    text +=
        fmt::format("SP={:016x}\nPSTATE={:08x} {}\n", regs.sp, regs.pstate, describe_pstate({regs.pstate}));
    text += fmt::format("ELR_EL1={:016x} SPSR_EL1={:08x}\n", machine.cpu(cpu).accel().get(CoreReg::ElrEl1),
                        machine.cpu(cpu).accel().get(CoreReg::SpsrEl1));
    unsigned column = 0;
    for (const arch::SysReg reg : kShown) {
        const auto value = machine.read_sysreg(cpu, reg);
        if (value)
            text +=
                fmt::format("{}={:016x}{}", arch::sysreg_name(reg), *value, ++column % 3 == 0 ? "\n" : " ");
    }
    if (column % 3 != 0) text.back() = '\n';
    return text;
}

std::string describe_sysregs(MachineControl& machine, std::size_t cpu) {
    std::string text;
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
        if (known.reg.op0() < 2) continue;  // system instructions
        if (const auto value = machine.read_sysreg(cpu, known.reg))
            text += fmt::format("{:<20} {:016x}\n", known.name, *value);
    }
    return text;
}

}  // namespace trapeze::debug
