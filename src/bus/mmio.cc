#include "trapeze/bus/mmio.h"

#include <algorithm>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"
#include "trapeze/base/log.h"

namespace trapeze::bus {

void MmioBus::add(mem::GpaRange range, MmioDevice& device, u64 device_offset) {
    for (const Window& window : windows_) CHECK(!window.range.overlaps(range));
    const auto at = std::ranges::upper_bound(windows_, range.base, {}, [](const Window& w) { return w.range.base; });
    windows_.insert(at, Window{range, &device, device_offset});
}

const MmioBus::Window* MmioBus::find(mem::Gpa address) const {
    auto after = std::ranges::upper_bound(windows_, address, {}, [](const Window& w) { return w.range.base; });
    if (after == windows_.begin()) return nullptr;
    const Window& window = *std::prev(after);
    return window.range.contains(address) ? &window : nullptr;
}

u64 MmioBus::read(mem::Gpa address, unsigned size, VcpuIndex vcpu) const {
    const Window* window = find(address);
    if (window == nullptr || !window->range.contains(address, size)) {
        GUEST_ERROR("vCPU {}: {}-byte read from unassigned address {:#x}", vcpu, size, address.value);
        return 0;
    }
    const u64 offset = address - window->range.base + window->device_offset;
    return window->device->mmio_read({offset, size, vcpu}) & low_mask(size * 8);
}

void MmioBus::write(mem::Gpa address, unsigned size, u64 value, VcpuIndex vcpu) const {
    const Window* window = find(address);
    if (window == nullptr || !window->range.contains(address, size)) {
        GUEST_ERROR("vCPU {}: {}-byte write of {:#x} to unassigned address {:#x}", vcpu, size, value, address.value);
        return;
    }
    const u64 offset = address - window->range.base + window->device_offset;
    window->device->mmio_write({offset, size, vcpu}, value & low_mask(size * 8));
}

}  // namespace trapeze::bus
