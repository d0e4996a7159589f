// The paravirtual panic device (QEMU documentation, "PVPANIC DEVICE", MMIO variant): the guest writes what
// has happened to it. One byte; reading it tells which events the device knows.
#pragma once

#include <functional>

#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/mmio.h"

namespace trapeze::devices {

// Bits of the register.
enum class PvpanicEvent : u8 {
    Panicked = 1 << 0,     // the guest cannot go on
    CrashLoaded = 1 << 1,  // it panicked, but its own crash kernel takes over
};

class Pvpanic final : public bus::MmioDevice {
public:
    static constexpr u64 kSize = 2;

    // `report` is called on the thread of the vCPU that wrote. It must not block, and must bear being called
    // as often as a guest can write.
    explicit Pvpanic(std::function<void(PvpanicEvent)> report) : report_(std::move(report)) {}

    u64 mmio_read(const bus::MmioAccess& access) override;
    void mmio_write(const bus::MmioAccess& access, u64 value) override;
    void reset() override {}
    std::string_view name() const override { return "pvpanic"; }

    // Node "pvpanic-mmio@<base>".
    static void describe(bus::FdtWriter& fdt, u64 base);

private:
    struct Registers;  // the register table

    u64 read_events() const;
    void write_events(u64 value);

    const std::function<void(PvpanicEvent)> report_;
};

}  // namespace trapeze::devices
