#include "trapeze/trap/sysregs/cpu_sysregs.h"

#include <fmt/core.h>

#include <map>
#include <string_view>

namespace trapeze::trap {
namespace {

const char* el_name(MinEl el) {
    switch (el) {
        case MinEl::El0: return "EL0";
        case MinEl::El1: return "EL1";
        case MinEl::None: return "-";
    }
    return "-";
}

std::string encoding(arch::SysReg r) {
    return fmt::format("S{}_{}_C{}_C{}_{}", r.op0(), r.op1(), r.crn(), r.crm(), r.op2());
}

}  // namespace

void add_cpu_sysregs(SysRegSpace& space, PerVcpuSysRegs& registers) {
    // The long sorted table first: the space then grows at its end for most rows.
    space.add(registers.hidden, HiddenRegisters::table());
    space.add(registers.id, IdRegisterRows::table());
    space.add(registers.cache, CacheRegisters::table());
    space.add(registers.debug, DebugRegisters::table());
    space.add(registers.timer, TimerRegisters::table());
    space.add(registers.misc, MiscRegisters::table());
    space.add(registers.translation, AddressTranslation::table());
}

std::string sysregs_markdown(const SysRegSpace& space) {
    std::string text =
        "| Register | Encoding | Read from | Write from | Specification |\n"
        "|---|---|---|---|---|\n";
    std::map<std::string_view, std::string> hidden;
    for (const SysRegEntry& entry : space.entries()) {
        const std::string name = arch::sysreg_to_string(entry.reg);
        if (entry.hidden) {
            std::string& names = hidden[entry.spec];
            names += names.empty() ? name : ", " + name;
        } else {
            text += fmt::format("| {} | {} | {} | {} | {} |\n", name, encoding(entry.reg),
                                el_name(entry.read_el), el_name(entry.write_el), entry.spec);
        }
    }
    text += "\nKnown, and UNDEFINED at every Exception level:\n\n| Specification | Registers |\n|---|---|\n";
    for (const auto& [spec, names] : hidden) text += fmt::format("| {} | {} |\n", spec, names);
    return text;
}

}  // namespace trapeze::trap
