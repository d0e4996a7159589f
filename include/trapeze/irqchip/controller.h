// What a machine, its monitors and its reports need of an interrupt controller, whichever it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trapeze/bus/irq.h"

namespace trapeze::irqchip {

// One interrupt at one instant, for people.
struct IrqView {
    u32 id = 0;        // as the guest numbers it
    std::string name;  // "INTID 33 (SPI 1)"
    bool enabled = false;
    bool pending = false;
    bool active = false;
    bool high = false;    // the wire
    std::string details;  // the controller's own: "group 1, priority 0xa0, edge, for vCPU 2"
};

// The side of one vCPU.
struct CpuView {
    bool irq = false;  // lines to the vCPU
    bool fiq = false;
    // The pending interrupt that comes first, whether or not it is signalled; and if not, why.
    std::optional<u32> next;
    std::string held_back;
    std::string details;  // "priority mask 0xf0, running priority 0xff"
    // Private interrupts that are enabled, pending, active or high, in order.
    std::vector<IrqView> irqs;
};

// All calls are thread-safe unless said otherwise.
class Controller : public bus::IrqSink {
public:
    virtual std::string_view name() const = 0;  // "GICv3"

    // The power-on state; interrupt wires keep their level. All vCPUs are paused.
    virtual void reset() = 0;
    // What a reset of the PE does: its own interface only.
    virtual void reset_cpu(bus::VcpuIndex vcpu) = 0;

    // Shared interrupts have wires from bus::spi(0) to bus::spi(wire_count() - 1).
    virtual u32 wire_count() const = 0;
    // The state of an interrupt with a wire; of a private one, on any vCPU. Neither, where the kernel keeps
    // it.
    struct Activity {
        bool pending = false;
        bool active = false;
    };
    virtual Activity activity(bus::IntId id) const = 0;

    // While all vCPUs are paused.
    virtual CpuView cpu_view(bus::VcpuIndex vcpu) const = 0;
    // Shared interrupts that are enabled, pending, active or high, in order.
    virtual std::vector<IrqView> shared_view() const = 0;
};

// "INTID 27 (virtual timer)": private interrupts by their use, as the Arm Base System Architecture assigns
// them and this machine does; others by kind and number.
std::string intid_name(u32 intid);

// "INTID 33 (SPI 1): pending active, enabled, high, group 1, ..."
std::string describe(const IrqView& irq);

}  // namespace trapeze::irqchip
