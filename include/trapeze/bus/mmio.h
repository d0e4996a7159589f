// Memory-mapped I/O: devices by offset, and the bus that finds them by address.
#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "trapeze/base/types.h"
#include "trapeze/bus/irq.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::bus {

struct MmioAccess {
    u64 offset;      // from the start of the device's window
    unsigned size;   // bytes: 1, 2, 4 or 8
    VcpuIndex vcpu;  // who accesses
};

// A device window. Called from vCPU threads concurrently: implementations synchronise internally, must not
// block, and must accept any offset, size and value (a guest chooses them).
class MmioDevice {
public:
    virtual ~MmioDevice() = default;
    // Only the low 8 * size bits of the result are used.
    virtual u64 mmio_read(const MmioAccess& access) = 0;
    // Bits of `value` above 8 * size are zero.
    virtual void mmio_write(const MmioAccess& access, u64 value) = 0;
    // Back to the power-on state. All vCPUs are stopped.
    virtual void reset() = 0;
    // Short name for traces and the monitor: "pl011".
    virtual std::string_view name() const = 0;
};

// Address map of the machine. Const after build but for a hint, so lookups take no lock.
class MmioBus {
public:
    struct Window {
        mem::GpaRange range;
        MmioDevice* device;  // owned by the machine
        u64 device_offset;   // offset within the device of range.base
    };

    // CHECKs that the window overlaps no other: the memory map is ours.
    void add(mem::GpaRange range, MmioDevice& device, u64 device_offset = 0);

    // An access with no device behind it reads as zero and ignores writes, with one rate-limited guest error.
    u64 read(mem::Gpa address, unsigned size, VcpuIndex vcpu) const;
    void write(mem::Gpa address, unsigned size, u64 value, VcpuIndex vcpu) const;

    const Window* find(mem::Gpa address) const;
    const std::vector<Window>& windows() const { return windows_; }

private:
    std::vector<Window> windows_;  // sorted by base
    // The window of the latest access, a hint for the next. Any thread.
    mutable std::atomic<const Window*> recent_{nullptr};
};

}  // namespace trapeze::bus
