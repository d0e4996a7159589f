// The address of message-signalled interrupts as a device: a 32-bit store of an input's number is the
// message.
#pragma once

#include "trapeze/bus/mmio.h"

namespace trapeze::irqchip::rvic {

class Doorbell final : public bus::MmioDevice {
public:
    explicit Doorbell(bus::MsiSink& messages) : messages_(messages) {}

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override {}
    std::string_view name() const override { return "rvid-msi"; }

    void ring(u32 data);

private:
    bus::MsiSink& messages_;
};

}  // namespace trapeze::irqchip::rvic
