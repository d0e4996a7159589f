// Interrupt controller, devices and their places in the memory map.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "irqchip.h"
#include "trapeze/base/scheduler.h"
#include "trapeze/bus/clock.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/devices/pl011.h"
#include "trapeze/devices/pl031.h"
#include "trapeze/devices/pl061.h"
#include "trapeze/devices/power_button.h"
#include "trapeze/devices/pvpanic.h"
#include "trapeze/devices/scratch.h"
#include "virtio_slots.h"

namespace trapeze::machine {

class Platform {
public:
    // `serial` is the host end of serial0; devices are wired to `irqs`. They and the scheduler outlive the
    // platform.
    Platform(Irqchip& irqchip, bus::IrqSink& irqs, bus::CharPort& serial, Scheduler& scheduler);

    // Each once, before the first vCPU runs.
    void add_virtio(std::unique_ptr<VirtioSlots> slots);
    // A second serial port; `serial` is the host end of serial1.
    void add_second_uart(bus::CharPort& serial, bus::IrqSink& irqs);
    bool has_second_uart() const { return uart1_.has_value(); }
    // See devices::Pvpanic for `report`.
    void add_pvpanic(std::function<void(devices::PvpanicEvent)> report);
    // Likewise. No device tree has it.
    void add_test_device();

    // The guest runs no more: its devices give what it has sent to the host.
    void finish();
    // Power-on state of everything. All vCPUs are paused.
    void reset();

    const bus::MmioBus& mmio() const { return mmio_; }
    Irqchip& irqchip() { return irqchip_; }
    const Irqchip& irqchip() const { return irqchip_; }
    // nullptr before add_virtio().
    const VirtioSlots* virtio() const { return virtio_.get(); }
    devices::PowerButton& power_button() { return power_button_; }

    // Writers of the device tree nodes, for boot::MachineFdt.
    std::vector<std::function<void(bus::FdtWriter&)>> describers() const;

private:
    bus::MmioBus mmio_;  // const once the machine is built
    bus::HostClock clock_;
    Irqchip& irqchip_;
    devices::Pl011 uart_;
    std::optional<devices::Pl011> uart1_;
    devices::Pl031 rtc_;
    devices::Pl061 gpio_;
    devices::PowerButton power_button_;
    std::unique_ptr<VirtioSlots> virtio_;
    std::optional<devices::Pvpanic> pvpanic_;
    std::optional<devices::Scratch> scratch_;
};

}  // namespace trapeze::machine
