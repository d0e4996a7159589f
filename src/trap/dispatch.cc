#include "trapeze/trap/dispatch.h"

#include "load_store.h"
#include "trapeze/base/log.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::trap {
namespace {

const char* wfx_name(arch::WfxKind kind) {
    switch (kind) {
        case arch::WfxKind::Wfi: return "WFI";
        case arch::WfxKind::Wfe: return "WFE";
        case arch::WfxKind::Wfit: return "WFIT";
        case arch::WfxKind::Wfet: return "WFET";
    }
    return "WFx";
}

struct Dispatcher {
    CpuPort& cpu;
    const Handlers& handlers;

    Outcome operator()(const SysRegTrap& trap) const { return handlers.sysregs.handle(trap, cpu); }
    Outcome operator()(const HypercallTrap& trap) const { return handlers.hypercalls.handle(trap, cpu); }

    Outcome operator()(const WfxTrap& trap) const {
        TRACE(kvm_wfx_trap, "{}: {} @ {:#x}", cpu.index(), wfx_name(trap.kind), cpu.pc());
        switch (trap.kind) {
            case arch::WfxKind::Wfi: return Block{};
            // A timed wait whose register the syndrome does not name (RV = 0) ends at once: waking early is
            // always allowed, sleeping past the deadline is not.
            case arch::WfxKind::Wfit:
                if (!trap.rt_valid) return Advance{};
                return Block{cpu.x(trap.rt)};
            // Waking without an event is always allowed too (Arm ARM, "Wait for Event").
            case arch::WfxKind::Wfe:
            case arch::WfxKind::Wfet: break;
        }
        return Advance{};
    }

    Outcome operator()(const MmioTrap& trap) const {
        if (trap.is_write) {
            TRACE(kvm_mmio_write, "{}: {:#x} size {} value {:#x}", cpu.index(), trap.address.value, trap.size,
                  trap.value);
            handlers.mmio.write(trap.address, trap.size, trap.value, cpu.index());
            return Advance{};
        }
        const u64 value = handlers.mmio.read(trap.address, trap.size, cpu.index());
        TRACE(kvm_mmio_read, "{}: {:#x} size {} value {:#x}", cpu.index(), trap.address.value, trap.size,
              value);
        return MmioData{value};
    }

    Outcome operator()(const UndescribedMmioTrap& trap) const {
        return execute_load_store(trap, cpu, handlers);
    }

    Outcome operator()(const UnexpectedTrap& trap) const {
        TRACE(kvm_unexpected_trap, "{}: {} (EC {:#x}, ISS {:#x}) @ {:#x}", cpu.index(),
              arch::exception_class_name(trap.ec), static_cast<unsigned>(trap.ec), trap.iss, cpu.pc());
        UNIMP("vCPU {}: exception class {:#x} ({}) at {:#x}", cpu.index(), static_cast<unsigned>(trap.ec),
              arch::exception_class_name(trap.ec), cpu.pc());
        return Inject::undef();
    }
};

}  // namespace

Outcome dispatch(const Trap& trap, CpuPort& cpu, const Handlers& handlers) {
    return std::visit(Dispatcher{cpu, handlers}, trap);
}

}  // namespace trapeze::trap
