#include "rvic/doorbell.h"

#include "trapeze/bus/register_map.h"
#include "trapeze/irqchip/rvic.h"

namespace trapeze::irqchip::rvic {
namespace {

constexpr bus::RegisterRow<Doorbell> kRows[] = {
    {0, kRvicMsiSize, bus::k32, "doorbell", nullptr,
     [](Doorbell& device, const bus::RowAccess&, u64 value) { device.ring(static_cast<u32>(value)); }},
};
static_assert(bus::valid_register_map(kRows));

constexpr bus::RegisterMap<Doorbell> kMap("rvid-msi", kRows);

}  // namespace

u64 Doorbell::mmio_read(const bus::MmioAccess& access) {
    return kMap.read(*this, access);
}

void Doorbell::mmio_write(const bus::MmioAccess& access, u64 value) {
    kMap.write(*this, access, value);
}

void Doorbell::ring(u32 data) {
    messages_.send_msi(kRvicMsiAddress, data);
}

}  // namespace trapeze::irqchip::rvic
