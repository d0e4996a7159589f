// The 32 places for virtio devices on the machine's bus, and the devices in them.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "trapeze/accel/accel.h"
#include "trapeze/base/loop_thread.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/irq.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/machine/config.h"
#include "trapeze/machine/memory_map.h"
#include "trapeze/mem/guest_memory.h"
#include "trapeze/virtio/mmio_transport.h"
#include "virtio_devices.h"

namespace trapeze::machine {

// One device with its thread, on which it is made and destroyed.
struct VirtioDevice {
    VirtioDevice() = default;
    VirtioDevice(VirtioDevice&&) = default;
    ~VirtioDevice();

    std::string id;  // of -device; may be empty
    unsigned slot = 0;
    // In the order of dependency.
    std::unique_ptr<LoopThread> thread;
    std::unique_ptr<virtio::Device> device;
    std::unique_ptr<virtio::MmioTransport> transport;
};

class VirtioSlots {
public:
    // Opens what the devices need of the host. `memory`, `irqs` and `ports`, those of
    // MachineConfig::port_devices, outlive the slots.
    static Result<std::unique_ptr<VirtioSlots>> create(const MachineConfig& config, mem::GuestMemory& memory,
                                                       bus::IrqSink& irqs,
                                                       std::span<const HostPort> ports = {});

    void map(bus::MmioBus& mmio);
    // Lets the accelerator handle the guest's notifications. Before the first vCPU runs.
    Result<> add_doorbells(accel::Vm& vm) const;
    // All vCPUs are paused.
    void reset();
    static void describe(bus::FdtWriter& fdt);

    // In the order of the command line.
    const std::vector<VirtioDevice>& devices() const { return devices_; }

private:
    explicit VirtioSlots(virtio::MmioTransport::Interface interface) : empty_(interface) {}

    virtio::EmptySlot empty_;
    std::vector<VirtioDevice> devices_;
};

}  // namespace trapeze::machine
