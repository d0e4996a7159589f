// Interrupt controller, devices and their places in the memory map.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "trapeze/base/scheduler.h"
#include "trapeze/bus/clock.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/devices/pl011.h"
#include "trapeze/devices/pl031.h"
#include "trapeze/devices/pl061.h"
#include "trapeze/devices/power_button.h"
#include "trapeze/devices/pvpanic.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::machine {

class Platform {
public:
    // `serial` is the host end of serial0; `lines` leads to the vCPUs. All outlive the platform.
    Platform(unsigned vcpus, bus::CpuLineSink& lines, bus::CharPort& serial, Scheduler& scheduler);

    // Once, before the first vCPU runs. See devices::Pvpanic for `report`.
    void add_pvpanic(std::function<void(devices::PvpanicEvent)> report);

    // Power-on state of everything. All vCPUs are paused.
    void reset();

    const bus::MmioBus& mmio() const { return mmio_; }
    irqchip::Gicv3& gic() { return gic_; }
    devices::PowerButton& power_button() { return power_button_; }

    // Writers of the device tree nodes, for boot::MachineFdt.
    std::vector<std::function<void(bus::FdtWriter&)>> describers() const;

private:
    void map_gic(unsigned vcpus);

    bus::MmioBus mmio_;  // const once the machine is built
    bus::HostClock clock_;
    irqchip::Gicv3 gic_;
    devices::Pl011 uart_;
    devices::Pl031 rtc_;
    devices::Pl061 gpio_;
    devices::PowerButton power_button_;
    std::optional<devices::Pvpanic> pvpanic_;
    std::vector<mem::GpaRange> redistributors_;  // const after construction
};

}  // namespace trapeze::machine
