// How a device describes itself in the device tree, without knowing how trees are stored. Implemented over
// libfdt in boot/. Calls never fail; an implementation keeps the first error for its own finish().
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "trapeze/base/types.h"

namespace trapeze::bus {

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
};

// Phandles of nodes that other nodes refer to; fixed, so that devices can be described in any order.
enum class Phandle : u32 { Gic = 1, Apb24MhzClock = 2, PowerGpio = 3, Rvic = 4, Rvid = 5 };

// Interrupt specifier cells of the arm,gic-v3 binding.
inline constexpr u32 kFdtSpi = 0;
inline constexpr u32 kFdtPpi = 1;
inline constexpr u32 kFdtIrqEdgeRising = 1;
inline constexpr u32 kFdtIrqLevelHigh = 4;

}  // namespace trapeze::bus
