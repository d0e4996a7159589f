#include "trapeze/bus/mmio.h"

#include <algorithm>

#include "trapeze/base/bits.h"
#include "trapeze/base/check.h"
#include "trapeze/base/log.h"
#include "trapeze/base/search.h"

namespace trapeze::bus {

void MmioBus::add(mem::GpaRange range, MmioDevice& device, u64 device_offset) {
    for (const Window& window : windows_) CHECK(!window.range.overlaps(range));
    const auto at = std::ranges::upper_bound(windows_, range.base, {}, [](const Window& w) { return w.range.base; });
    windows_.insert(at, Window{range, &device, device_offset});
    recent_.store(nullptr);  // insertion has moved them
}

const MmioBus::Window* MmioBus::find(mem::Gpa address) const {
    // Guests stay with a device for a while.
    const Window* recent = recent_.load(std::memory_order_relaxed);
    if (recent != nullptr && recent->range.contains(address)) return recent;
    const auto base = [](const Window& w) { return w.range.base.value; };
    const Window* window = last_not_above(std::span<const Window>(windows_), address.value, base);
    if (window == nullptr || !window->range.contains(address)) return nullptr;
    recent_.store(window, std::memory_order_relaxed);
    return window;
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
