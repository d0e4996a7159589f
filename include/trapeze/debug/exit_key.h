// What exits are grouped by: a class, and within it a system register, a function, a device.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/base/log.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/trap/hypercall_table.h"
#include "trapeze/vcpu/exit_observer.h"

namespace trapeze::debug {

enum class ExitClass : u8 {
    SysRegRead,       // detail: SysReg::encoding()
    SysRegWrite,      // likewise
    Hvc,              // detail: function id, without the SVE hint
    Smc,              // likewise
    Wfx,              // detail: arch::WfxKind
    MmioRead,         // detail: device, as ExitNames numbers them
    MmioWrite,        // likewise
    MmioUndescribed,  // likewise
    Unexpected,       // detail: exception class
    Interrupted,      // detail: 0
    Other,            // detail: 0
};
inline constexpr std::size_t kExitClasses = 11;
// "sysreg_read": also the word in JSON.
std::string_view exit_class_name(ExitClass c);
// The event that selects exits of the class for the recorder.
const TraceEvent& exit_class_event(ExitClass c);

struct ExitKey {
    ExitClass exit_class;
    u32 detail;
    auto operator<=>(const ExitKey&) const = default;
};
// Detail of the exits of a class that no key of their own was kept for: a guest can invent millions.
inline constexpr u32 kOtherDetails = ~u32{0};

// Keys of exits, and names of keys. Const after construction; any thread.
class ExitNames {
public:
    // Both outlive the names, and do not change any more.
    ExitNames(const bus::MmioBus& mmio, const trap::HypercallSpace& hypercalls);

    ExitKey key(const vcpu::ObservedExit& exit) const;

    // "ICC_IAR1_EL1", "CPU_ON", "pl011", "WFI". Names that are not known are made of numbers. Written to a
    // buffer of the caller's, without allocation.
    using Buffer = char[48];
    std::string_view name(ExitKey key, Buffer& buffer) const;
    std::string name(ExitKey key) const;

private:
    u32 device_of(mem::Gpa address) const;

    const bus::MmioBus& mmio_;
    const trap::HypercallSpace& hypercalls_;
    std::vector<u32> device_of_window_;      // by index into mmio_.windows()
    std::vector<std::string> device_names_;  // the last one: no device
};

}  // namespace trapeze::debug
