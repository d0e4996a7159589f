// How a device describes itself in the device tree, without knowing how trees are stored. Implemented over
// libfdt in boot/. Calls never fail; an implementation keeps the first error for its own finish().
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "trapeze/base/types.h"
#include "trapeze/bus/irq.h"

namespace trapeze::bus {

// Phandles of nodes that other nodes refer to; fixed, so that devices can be described in any order.
enum class Phandle : u32 { Gic = 1, Apb24MhzClock = 2, PowerGpio = 3, Rvic = 4, Rvid = 5, Its = 6 };

// Trigger types, as the bindings of all interrupt controllers here number them.
inline constexpr u32 kFdtIrqEdgeRising = 1;
inline constexpr u32 kFdtIrqLevelHigh = 4;

// How interrupts are written in the machine's tree: the binding of its interrupt controller.
struct FdtInterrupts {
    enum class Binding : u8 {
        Gic,   // three cells: kind, number, trigger
        Rvic,  // shared: one cell, the input of the rVID; private: two cells, INTID and trigger, of the rVIC
    };
    Binding binding = Binding::Gic;
    u32 ppi_cpu_mask = 0;  // bits 15:8 of the trigger cell of a PPI; GICv2 only

    // What the root node's "interrupt-parent" refers to: the controller of shared interrupts.
    Phandle parent() const { return binding == Binding::Gic ? Phandle::Gic : Phandle::Rvid; }
};

class FdtWriter {
public:
    virtual ~FdtWriter() = default;

    // Nodes nest; `name` includes the unit address: "pl011@9000000".
    virtual void begin_node(std::string_view name) = 0;
    virtual void end_node() = 0;

    virtual void property_empty(std::string_view name) = 0;
    virtual void property_u32(std::string_view name, u32 value) = 0;
    virtual void property_u64(std::string_view name, u64 value) = 0;
    virtual void property_cells(std::string_view name, std::span<const u32> cells) = 0;
    virtual void property_string(std::string_view name, std::string_view value) = 0;
    // A string list: each element NUL-terminated in order.
    virtual void property_strings(std::string_view name, std::initializer_list<std::string_view> values) = 0;
    virtual void property_bytes(std::string_view name, std::span<const u8> bytes) = 0;

    // "reg" with two address and two size cells, as the root of the machine's tree declares.
    void property_reg(u64 base, u64 size) {
        const u32 cells[] = {static_cast<u32>(base >> 32), static_cast<u32>(base),
                             static_cast<u32>(size >> 32), static_cast<u32>(size)};
        property_cells("reg", cells);
    }

    // "interrupts" of a device with one level-triggered shared interrupt.
    void property_interrupt(IntId shared);
    // "interrupts" of level-triggered private interrupts, each of the same number on every vCPU.
    void property_private_interrupts(std::span<const IntId> ids);

    // Before anything that has interrupts is described.
    void set_interrupts(const FdtInterrupts& interrupts) { interrupts_ = interrupts; }

private:
    FdtInterrupts interrupts_;
};

}  // namespace trapeze::bus
