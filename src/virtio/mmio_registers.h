// The register tables of MmioTransport: 4.2.2 "MMIO Device Register Layout" and 4.2.4 "Legacy interface".
#pragma once

#include <functional>
#include <type_traits>

#include "trapeze/bus/register_map.h"
#include "trapeze/virtio/mmio_transport.h"

namespace trapeze::virtio {

struct MmioTransport::Registers {
    using T = MmioTransport;
    using Row = bus::RegisterRow<T>;

    // A 32-bit register with a member function, a data member or a number to read, and a member function or a
    // data member to write; nullptr for a missing direction. The tables' users hold the transport's mutex.
    template <auto Get, auto Set>
    static constexpr Row reg(u32 offset, const char* name) NO_THREAD_SAFETY_ANALYSIS {
        Row row{offset, 4, bus::k32, name, nullptr, nullptr};
        if constexpr (std::is_integral_v<decltype(Get)>) {
            row.read = [](T&, const bus::RowAccess&) -> u64 { return Get; };
        } else if constexpr (!std::is_null_pointer_v<decltype(Get)>) {
            row.read = [](T& t, const bus::RowAccess&) -> u64 { return std::invoke(Get, t); };
        }
        if constexpr (std::is_member_function_pointer_v<decltype(Set)>) {
            row.write = [](T& t, const bus::RowAccess&, u64 value) {
                std::invoke(Set, t, static_cast<u32>(value));
            };
        } else if constexpr (std::is_member_object_pointer_v<decltype(Set)>) {
            row.write = [](T& t, const bus::RowAccess&, u64 value) { t.*Set = static_cast<u32>(value); };
        }
        return row;
    }

    static const bus::RegisterMap<T>& of(Interface interface);
    static constexpr u32 version(Interface interface) { return interface == Interface::Modern ? 2 : 1; }

    // Where the device's own space begins, 4.2.2.
    static constexpr u64 kConfig = 0x100;
    static constexpr u32 kMagic = 0x7472'6976;   // "virt"
    static constexpr u32 kVendor = 0x7a70'7274;  // "trpz"

private:
    using Q = QueueAddresses;
    static const Row kModernRows[];
    static const Row kLegacyRows[];
    static const bus::RegisterMap<T> kModern;
    static const bus::RegisterMap<T> kLegacy;
};

}  // namespace trapeze::virtio
