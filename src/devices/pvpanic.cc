#include "trapeze/devices/pvpanic.h"

#include <fmt/core.h>

#include "trapeze/bus/register_map.h"

namespace trapeze::devices {
namespace {

constexpr u64 bit(PvpanicEvent event) {
    return static_cast<u64>(event);
}

constexpr u64 kKnown = bit(PvpanicEvent::Panicked) | bit(PvpanicEvent::CrashLoaded);

}  // namespace

struct Pvpanic::Registers {
    static const bus::RegisterRow<Pvpanic> kRows[];
    static const bus::RegisterMap<Pvpanic> kMap;
};

constexpr bus::RegisterRow<Pvpanic> Pvpanic::Registers::kRows[] = {
    {0, 1, bus::k8, "events", [](Pvpanic& device, const bus::RowAccess&) { return device.read_events(); },
     [](Pvpanic& device, const bus::RowAccess&, u64 value) { device.write_events(value); }},
};

constexpr bus::RegisterMap<Pvpanic> Pvpanic::Registers::kMap{"pvpanic", kRows};

u64 Pvpanic::mmio_read(const bus::MmioAccess& access) {
    static_assert(bus::valid_register_map(Registers::kRows));
    return Registers::kMap.read(*this, access);
}

void Pvpanic::mmio_write(const bus::MmioAccess& access, u64 value) {
    Registers::kMap.write(*this, access, value);
}

u64 Pvpanic::read_events() const {
    return kKnown;
}

// A write names one event; of several, the one that leaves the guest least counts.
void Pvpanic::write_events(u64 value) {
    if ((value & ~kKnown) != 0) GUEST_ERROR("pvpanic: unknown event {:#x}", value);
    if ((value & bit(PvpanicEvent::Panicked)) != 0) {
        report_(PvpanicEvent::Panicked);
    } else if ((value & bit(PvpanicEvent::CrashLoaded)) != 0) {
        report_(PvpanicEvent::CrashLoaded);
    }
}

void Pvpanic::describe(bus::FdtWriter& fdt, u64 base) {
    fdt.begin_node(fmt::format("pvpanic-mmio@{:x}", base));
    fdt.property_string("compatible", "qemu,pvpanic-mmio");
    fdt.property_reg(base, kSize);
    fdt.end_node();
}

}  // namespace trapeze::devices
