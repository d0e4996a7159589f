#include "virtio_slots.h"

#include <algorithm>

namespace trapeze::machine {
namespace {

mem::Gpa slot_address(unsigned slot) {
    return map::kVirtio.base + slot * virtio::MmioTransport::kSize;
}

// QEMU puts each device into the highest slot that is free, so guests find them last first.
Result<unsigned> choose_slot(const VirtioConfig& config, const std::array<bool, map::kVirtioSlots>& taken) {
    if (config.slot) {
        if (!taken[*config.slot]) return *config.slot;
        return fail("virtio-mmio-bus.{} has a device already", *config.slot);
    }
    for (unsigned slot = map::kVirtioSlots; slot-- > 0;) {
        if (!taken[slot]) return slot;
    }
    return fail("there is room for {} devices", map::kVirtioSlots);
}

Result<> make_on_thread(const VirtioConfig& config, VirtioDevice& device, mem::GuestMemory& memory,
                        std::span<const HostPort> ports) {
    Result<> result;
    device.thread->run_and_wait([&] {
        auto made = make_virtio_device(config, device.thread->loop(), memory, ports);
        if (made) {
            device.device = std::move(*made);
        } else {
            result = std::unexpected(std::move(made).error());
        }
    });
    return result;
}

// Its users, kvm-unit-tests, know the interface of before version 1.0 only.
bool has_test_device(const MachineConfig& config, const VirtioConfig& entry) {
    const auto* console = std::get_if<ConsoleConfig>(&entry.device);
    return console != nullptr && std::ranges::any_of(console->ports, [&](const ConsolePortConfig& port) {
               return config.port_devices[port.device].kind == CharConfig::Kind::Testdev;
           });
}

}  // namespace

VirtioDevice::~VirtioDevice() {
    if (device == nullptr) return;  // moved from, or never made
    transport.reset();
    thread->run_and_wait([this] { device.reset(); });
}

Result<std::unique_ptr<VirtioSlots>> VirtioSlots::create(const MachineConfig& config,
                                                         mem::GuestMemory& memory, bus::IrqSink& irqs,
                                                         std::span<const HostPort> ports) {
    using Interface = virtio::MmioTransport::Interface;
    std::unique_ptr<VirtioSlots> slots(
        new VirtioSlots(config.virtio_legacy.value_or(false) ? Interface::Legacy : Interface::Modern));
    std::array<bool, map::kVirtioSlots> taken{};
    for (const VirtioConfig& entry : config.virtio) {
        VirtioDevice device;
        device.id = entry.id;
        device.slot = TRY(choose_slot(entry, taken));
        taken[device.slot] = true;
        device.thread = TRY(LoopThread::create(fmt::format("virtio{}", device.slot)));
        TRY(make_on_thread(entry, device, memory, ports));
        const bool legacy = config.virtio_legacy.value_or(has_test_device(config, entry));
        device.transport = TRY(virtio::MmioTransport::create(
            *device.device, *device.thread, memory,
            bus::IrqLine(irqs, bus::spi(map::kVirtioSpi + device.slot)),
            legacy ? Interface::Legacy : Interface::Modern));
        slots->devices_.push_back(std::move(device));
    }
    return slots;
}

void VirtioSlots::map(bus::MmioBus& mmio) {
    std::array<bus::MmioDevice*, map::kVirtioSlots> in_slot{};
    in_slot.fill(&empty_);
    for (const VirtioDevice& device : devices_) in_slot[device.slot] = device.transport.get();
    for (unsigned slot = 0; slot < map::kVirtioSlots; ++slot)
        mmio.add({slot_address(slot), virtio::MmioTransport::kSize}, *in_slot[slot]);
}

Result<> VirtioSlots::add_doorbells(accel::Vm& vm) const {
    for (const VirtioDevice& device : devices_) {
        const mem::Gpa notify = slot_address(device.slot) + virtio::MmioTransport::kQueueNotify;
        const std::vector<int> doorbells = device.transport->doorbells();
        for (u32 queue = 0; queue < doorbells.size(); ++queue)
            TRY(vm.add_doorbell(notify, queue, doorbells[queue]));
    }
    return {};
}

void VirtioSlots::reset() {
    for (VirtioDevice& device : devices_) device.transport->reset();
}

void VirtioSlots::describe(bus::FdtWriter& fdt) {
    for (unsigned slot = 0; slot < map::kVirtioSlots; ++slot) {
        const u64 base = slot_address(slot).value;
        fdt.begin_node(fmt::format("virtio_mmio@{:x}", base));
        fdt.property_string("compatible", "virtio,mmio");
        fdt.property_reg(base, virtio::MmioTransport::kSize);
        fdt.property_interrupt(bus::spi(map::kVirtioSpi + slot));
        fdt.property_empty("dma-coherent");
        fdt.end_node();
    }
}

}  // namespace trapeze::machine
