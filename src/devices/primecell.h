// What Arm's PrimeCell peripherals share: small registers on a 32-bit grid, identification registers at the
// top of the page, and the shape of a device-tree node.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/core.h>

#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/register_map.h"

namespace trapeze::devices::primecell {

// The APB has no narrow accesses, but drivers use them on registers that fit: the first byte lane answers for
// the register, the others read as zero and ignore writes.
inline constexpr u8 kNarrow = bus::k8 | bus::k16 | bus::k32;

namespace detail {

template <typename Device, auto Get>
constexpr auto reader() -> u64 (*)(Device&, const bus::RowAccess&) {
    if constexpr (std::is_null_pointer_v<decltype(Get)>) {
        return nullptr;
    } else {
        return [](Device& device, const bus::RowAccess& access) -> u64 {
            return access.index == 0 ? std::invoke(Get, device) : 0;
        };
    }
}

template <typename Device, auto Set>
constexpr auto writer() -> void (*)(Device&, const bus::RowAccess&, u64) {
    if constexpr (std::is_null_pointer_v<decltype(Set)>) {
        return nullptr;
    } else {
        return [](Device& device, const bus::RowAccess& access, u64 value) {
            if (access.index == 0) std::invoke(Set, device, static_cast<u32>(value));
        };
    }
}

}  // namespace detail

// A register with member functions (or a data member to read) behind it; nullptr for a missing direction.
template <typename Device, auto Get, auto Set>
constexpr bus::RegisterRow<Device> reg(u32 offset, const char* name, u8 widths = kNarrow) {
    return {offset, 4, widths, name, detail::reader<Device, Get>(), detail::writer<Device, Set>()};
}

// A register that only remembers the bits of Mask.
template <typename Device, auto Member, u32 Mask>
constexpr bus::RegisterRow<Device> stored(u32 offset, const char* name, u8 widths = kNarrow) {
    return {offset,
            4,
            widths,
            name,
            detail::reader<Device, Member>(),
            [](Device& device, const bus::RowAccess& access, u64 value) {
                if (access.index == 0) device.*Member = static_cast<u32>(value) & Mask;
            }};
}

// PeriphID0-3 and PCellID0-3, one byte in each of eight words from 0xFE0. `Ids` has static storage.
template <typename Device, const std::array<u8, 8>& Ids>
constexpr bus::RegisterRow<Device> identification(const char* name) {
    return {0xfe0,
            0x20,
            kNarrow,
            name,
            [](Device&, const bus::RowAccess& access) -> u64 {
                return access.index % 4 == 0 ? Ids[access.index / 4] : 0;
            },
            nullptr};
}

// The properties every PrimeCell node of the machine has: who it is, where, its level interrupt and bus
// clock.
inline void describe_common(bus::FdtWriter& fdt, std::string_view compatible, u64 base, u64 size,
                            bus::IntId irq) {
    fdt.property_strings("compatible", {compatible, "arm,primecell"});
    fdt.property_reg(base, size);
    fdt.property_interrupt(irq);
}

inline std::string node_name(std::string_view device, u64 base) {
    return fmt::format("{}@{:x}", device, base);
}

}  // namespace trapeze::devices::primecell
