#include "trapeze/trap/sysreg_table.h"

#include <algorithm>

#include "trapeze/base/check.h"
#include "trapeze/base/log.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::trap {
namespace {

Outcome undef_unknown(const SysRegTrap& trap, CpuPort& cpu) {
    const arch::SysReg r = trap.reg;
    // The line is the start of a row for sysreg_list.h.
    UNIMP("vCPU {}: {} of unknown system register X({}, {}, {}, {:2}, {:2}, {}) at {:#x}", cpu.index(),
          trap.is_read ? "read" : "write", arch::sysreg_to_string(r), r.op0(), r.op1(), r.crn(), r.crm(),
          r.op2(), cpu.pc());
    return Inject::undef();
}

bool allowed(MinEl min, unsigned el) {
    return min != MinEl::None && el >= static_cast<unsigned>(min);
}

}  // namespace

void SysRegSpace::insert(const SysRegEntry& entry) {
    const auto at = std::ranges::lower_bound(entries_, entry.reg, {}, &SysRegEntry::reg);
    CHECK_MSG(at == entries_.end() || at->reg != entry.reg, arch::sysreg_to_string(entry.reg));
    entries_.insert(at, entry);
}

void SysRegSpace::reindex() {
    index_.build(entries_, [](const SysRegEntry& e) { return e.reg.encoding(); });
}

const SysRegEntry* SysRegSpace::find(arch::SysReg reg) const {
    const std::size_t position = index_.find(reg.encoding());
    return position != KeyIndex::kNotFound ? &entries_[position] : nullptr;
}

Outcome SysRegSpace::handle(const SysRegTrap& trap, CpuPort& cpu) const {
    const SysRegEntry* entry = find(trap.reg);
    if (entry == nullptr) return undef_unknown(trap, cpu);

    if (!allowed(trap.is_read ? entry->read_el : entry->write_el, cpu.pstate().el())) {
        GUEST_ERROR("vCPU {}: {} of {} is not allowed at EL{} ({:#x})", cpu.index(),
                    trap.is_read ? "read" : "write", arch::sysreg_to_string(trap.reg), cpu.pstate().el(),
                    cpu.pc());
        return Inject::undef();
    }
    if (trap.is_read) {
        const SysRegValue value = entry->read(*entry, cpu);
        TRACE(kvm_sysreg_read, "{}: {} {}", cpu.index(), arch::sysreg_to_string(trap.reg),
              value.undef ? "undefined" : fmt::format("{:#x}", value.value));
        if (value.undef) return Inject::undef();
        return WriteReg{trap.rt, value.value};
    }
    const u64 value = cpu.x(trap.rt);
    TRACE(kvm_sysreg_write, "{}: {} {:#x}", cpu.index(), arch::sysreg_to_string(trap.reg), value);
    const SysRegWrite written = entry->write(*entry, cpu, value);
    if (written.exception) return *written.exception;
    return Advance{};
}

}  // namespace trapeze::trap
