#include "trapeze/debug/exit_key.h"

#include <algorithm>
#include <iterator>

#include "trapeze/arch/esr.h"
#include "trapeze/trap/trace_events.h"

namespace trapeze::debug {
namespace {

struct ClassRow {
    std::string_view name;
    const TraceEvent* event;
};
const ClassRow kClasses[] = {
    {"sysreg_read", &trap::kvm_sysreg_read},
    {"sysreg_write", &trap::kvm_sysreg_write},
    {"hvc", &trap::kvm_hypercall},
    {"smc", &trap::kvm_hypercall},
    {"wfx", &trap::kvm_wfx_trap},
    {"mmio_read", &trap::kvm_mmio_read},
    {"mmio_write", &trap::kvm_mmio_write},
    {"mmio_undescribed", &trap::kvm_mmio_undescribed},
    {"unexpected", &trap::kvm_unexpected_trap},
    {"interrupted", &trap::kvm_run_interrupted},
    {"other", &trap::kvm_run_interrupted},
};
static_assert(std::size(kClasses) == kExitClasses);

// DEN0028 "Function Identifiers": bit 31 fast call; bit 16 of a fast call is the SVE hint of SMCCC 1.3.
constexpr u32 without_sve_hint(u32 function) {
    return (function & 1u << 31) != 0 ? function & ~(1u << 16) : function;
}

std::string_view wfx_name(u32 kind) {
    constexpr std::string_view kNames[] = {"WFI", "WFE", "WFIT", "WFET"};
    static_assert(static_cast<u32>(arch::WfxKind::Wfi) == 0 && static_cast<u32>(arch::WfxKind::Wfet) == 3);
    return kind < std::size(kNames) ? kNames[kind] : "WFx";
}

template <typename... Args>
std::string_view print(ExitNames::Buffer& buffer, fmt::format_string<Args...> format, Args&&... args) {
    const auto result =
        fmt::format_to_n(buffer, sizeof(ExitNames::Buffer), format, std::forward<Args>(args)...);
    return {buffer, std::min(result.size, sizeof(ExitNames::Buffer))};
}

}  // namespace

std::string_view exit_class_name(ExitClass c) {
    return kClasses[static_cast<std::size_t>(c)].name;
}

const TraceEvent& exit_class_event(ExitClass c) {
    return *kClasses[static_cast<std::size_t>(c)].event;
}

ExitNames::ExitNames(const bus::MmioBus& mmio, const trap::HypercallSpace& hypercalls)
    : mmio_(mmio), hypercalls_(hypercalls) {
    std::vector<const bus::MmioDevice*> devices;
    for (const auto& window : mmio.windows()) {
        const auto at = std::ranges::find(devices, window.device);
        device_of_window_.push_back(static_cast<u32>(at - devices.begin()));
        if (at != devices.end()) continue;
        // Devices of one kind are told apart by their addresses.
        const bool ambiguous = std::ranges::any_of(mmio.windows(), [&window](const auto& other) {
            return other.device != window.device && other.device->name() == window.device->name();
        });
        devices.push_back(window.device);
        device_names_.push_back(ambiguous
                                    ? fmt::format("{}@{:x}", window.device->name(), window.range.base.value)
                                    : std::string(window.device->name()));
    }
    device_names_.emplace_back("(no device)");
}

u32 ExitNames::device_of(mem::Gpa address) const {
    const bus::MmioBus::Window* window = mmio_.find(address);
    if (window == nullptr) return static_cast<u32>(device_names_.size() - 1);
    return device_of_window_[static_cast<std::size_t>(window - mmio_.windows().data())];
}

ExitKey ExitNames::key(const vcpu::ObservedExit& exit) const {
    struct Visitor {
        const ExitNames& names;
        const vcpu::ObservedExit& exit;

        ExitKey operator()(const trap::SysRegTrap& t) const {
            return {t.is_read ? ExitClass::SysRegRead : ExitClass::SysRegWrite, t.reg.encoding()};
        }
        ExitKey operator()(const trap::HypercallTrap& t) const {
            return {t.conduit == trap::Conduit::Hvc ? ExitClass::Hvc : ExitClass::Smc,
                    without_sve_hint(static_cast<u32>(exit.arguments[0]))};
        }
        ExitKey operator()(const trap::WfxTrap& t) const {
            return {ExitClass::Wfx, static_cast<u32>(t.kind)};
        }
        ExitKey operator()(const trap::MmioTrap& t) const {
            return {t.is_write ? ExitClass::MmioWrite : ExitClass::MmioRead, names.device_of(t.address)};
        }
        ExitKey operator()(const trap::UndescribedMmioTrap& t) const {
            return {ExitClass::MmioUndescribed, names.device_of(t.address)};
        }
        ExitKey operator()(const trap::UnexpectedTrap& t) const {
            return {ExitClass::Unexpected, static_cast<u32>(t.ec)};
        }
    };
    if (exit.trap) return std::visit(Visitor{*this, exit}, *exit.trap);
    const bool interrupted = exit.kind == vcpu::ObservedExit::Kind::Interrupted;
    return {interrupted ? ExitClass::Interrupted : ExitClass::Other, 0};
}

std::string_view ExitNames::name(ExitKey key, Buffer& buffer) const {
    if (key.detail == kOtherDetails) return "(others)";
    switch (key.exit_class) {
        case ExitClass::SysRegRead:
        case ExitClass::SysRegWrite: {
            const auto reg = arch::SysReg::from_encoding(static_cast<u16>(key.detail));
            if (const char* known = arch::sysreg_name(reg)) return known;
            return print(buffer, "S{}_{}_C{}_C{}_{}", reg.op0(), reg.op1(), reg.crn(), reg.crm(), reg.op2());
        }
        case ExitClass::Hvc:
        case ExitClass::Smc:
            if (const trap::HypercallEntry* entry = hypercalls_.find(key.detail)) {
                // The row's specification is document and name: "DEN0022 CPU_ON".
                const std::string_view spec = entry->spec;
                return spec.substr(spec.rfind(' ') + 1);
            }
            return print(buffer, "{:#010x}", key.detail);
        case ExitClass::Wfx: return wfx_name(key.detail);
        case ExitClass::MmioRead:
        case ExitClass::MmioWrite:
        case ExitClass::MmioUndescribed:
            return device_names_[std::min<std::size_t>(key.detail, device_names_.size() - 1)];
        case ExitClass::Unexpected:
            return print(buffer, "EC {:#x} {}", key.detail,
                         arch::exception_class_name(static_cast<arch::ExceptionClass>(key.detail)));
        case ExitClass::Interrupted: return "interrupted";
        case ExitClass::Other: return "other";
    }
    return "?";
}

std::string ExitNames::name(ExitKey key) const {
    Buffer buffer;
    return std::string(name(key, buffer));
}

}  // namespace trapeze::debug
