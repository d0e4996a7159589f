#include "mmio_registers.h"

namespace trapeze::virtio {
namespace {

// 4.2.2.1: an SHMLen of all ones says that there is no such region of shared memory.
constexpr u32 kNoSharedMemory = ~u32{0};

}  // namespace

// 4.2.2 "MMIO Device Register Layout".
constexpr bus::RegisterRow<MmioTransport> MmioTransport::Registers::kModernRows[] = {
    reg<kMagic, nullptr>(0x000, "MagicValue"),
    reg<version(Interface::Modern), nullptr>(0x004, "Version"),
    reg<&T::device_id, nullptr>(0x008, "DeviceID"),
    reg<kVendor, nullptr>(0x00c, "VendorID"),
    reg<&T::device_features, nullptr>(0x010, "DeviceFeatures"),
    reg<nullptr, &T::device_features_sel_>(0x014, "DeviceFeaturesSel"),
    reg<nullptr, &T::write_driver_features>(0x020, "DriverFeatures"),
    reg<nullptr, &T::driver_features_sel_>(0x024, "DriverFeaturesSel"),
    reg<nullptr, &T::queue_sel_>(0x030, "QueueSel"),
    reg<&T::queue_num_max, nullptr>(0x034, "QueueNumMax"),
    reg<nullptr, &T::write_queue_num>(0x038, "QueueNum"),
    reg<&T::queue_ready, &T::write_queue_ready>(0x044, "QueueReady"),
    reg<nullptr, &T::write_queue_notify>(kQueueNotify, "QueueNotify"),
    reg<&T::interrupt_status_, nullptr>(0x060, "InterruptStatus"),
    reg<nullptr, &T::write_interrupt_ack>(0x064, "InterruptACK"),
    reg<&T::status_, &T::write_status>(0x070, "Status"),
    reg<nullptr, &T::write_address<&Q::descriptors, 0>>(0x080, "QueueDescLow"),
    reg<nullptr, &T::write_address<&Q::descriptors, 32>>(0x084, "QueueDescHigh"),
    reg<nullptr, &T::write_address<&Q::driver, 0>>(0x090, "QueueDriverLow"),
    reg<nullptr, &T::write_address<&Q::driver, 32>>(0x094, "QueueDriverHigh"),
    reg<nullptr, &T::write_address<&Q::device, 0>>(0x0a0, "QueueDeviceLow"),
    reg<nullptr, &T::write_address<&Q::device, 32>>(0x0a4, "QueueDeviceHigh"),
    reg<nullptr, &T::ignore>(0x0ac, "SHMSel"),
    reg<kNoSharedMemory, nullptr>(0x0b0, "SHMLenLow"),
    reg<kNoSharedMemory, nullptr>(0x0b4, "SHMLenHigh"),
    reg<kNoSharedMemory, nullptr>(0x0b8, "SHMBaseLow"),
    reg<kNoSharedMemory, nullptr>(0x0bc, "SHMBaseHigh"),
    reg<&T::config_generation_, nullptr>(0x0fc, "ConfigGeneration"),
};

// 4.2.4 "Legacy interface".
constexpr bus::RegisterRow<MmioTransport> MmioTransport::Registers::kLegacyRows[] = {
    reg<kMagic, nullptr>(0x000, "MagicValue"),
    reg<version(Interface::Legacy), nullptr>(0x004, "Version"),
    reg<&T::device_id, nullptr>(0x008, "DeviceID"),
    reg<kVendor, nullptr>(0x00c, "VendorID"),
    reg<&T::device_features, nullptr>(0x010, "HostFeatures"),
    reg<nullptr, &T::device_features_sel_>(0x014, "HostFeaturesSel"),
    reg<nullptr, &T::write_driver_features>(0x020, "GuestFeatures"),
    reg<nullptr, &T::driver_features_sel_>(0x024, "GuestFeaturesSel"),
    reg<nullptr, &T::write_guest_page_size>(0x028, "GuestPageSize"),
    reg<nullptr, &T::queue_sel_>(0x030, "QueueSel"),
    reg<&T::queue_num_max, nullptr>(0x034, "QueueNumMax"),
    reg<nullptr, &T::write_queue_num>(0x038, "QueueNum"),
    reg<nullptr, &T::write_queue_align>(0x03c, "QueueAlign"),
    reg<&T::queue_pfn, &T::write_queue_pfn>(0x040, "QueuePFN"),
    reg<nullptr, &T::write_queue_notify>(kQueueNotify, "QueueNotify"),
    reg<&T::interrupt_status_, nullptr>(0x060, "InterruptStatus"),
    reg<nullptr, &T::write_interrupt_ack>(0x064, "InterruptACK"),
    reg<&T::status_, &T::write_status>(0x070, "Status"),
};

constexpr bus::RegisterMap<MmioTransport> MmioTransport::Registers::kModern{"virtio-mmio", kModernRows};
constexpr bus::RegisterMap<MmioTransport> MmioTransport::Registers::kLegacy{"virtio-mmio", kLegacyRows};

const bus::RegisterMap<MmioTransport>& MmioTransport::Registers::of(Interface interface) {
    static_assert(bus::valid_register_map(kModernRows) && bus::valid_register_map(kLegacyRows));
    return interface == Interface::Modern ? kModern : kLegacy;
}

u64 EmptySlot::mmio_read(const bus::MmioAccess& access) {
    using R = MmioTransport::Registers;
    if (access.size != 4) return 0;
    switch (access.offset) {
        case 0x000: return R::kMagic;
        case 0x004: return R::version(interface_);
        case 0x00c: return R::kVendor;
        default: return 0;  // a DeviceID of 0: nothing else is to be looked at
    }
}

}  // namespace trapeze::virtio
