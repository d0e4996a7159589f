// A GIC that the accelerator emulates: KVM's vGIC. Guests reach it without an exit; what is here is for
// devices, resets and monitors.
#pragma once

#include <optional>
#include <vector>

#include "trapeze/arch/sysreg.h"
#include "trapeze/base/result.h"
#include "trapeze/mem/gpa.h"

namespace trapeze::accel {

struct KernelGicConfig {
    unsigned version = 3;  // 2 or 3
    u32 spi_count = 256;   // multiple of 32, at most 960
    mem::GpaRange distributor;
    mem::GpaRange cpu_interface;                // version 2
    std::vector<mem::GpaRange> redistributors;  // version 3: 128 KiB for each vCPU, in order of the vCPUs
    std::optional<mem::GpaRange> its;           // version 3
};

class KernelGic {
public:
    virtual ~KernelGic() = default;

    // Drives the wire of an SPI; `n` is INTID - 32. Any thread.
    virtual void set_spi(u32 n, bool level) = 0;

    // --- While no vCPU is in run() ---
    // Everything to its power-on state but the wires.
    virtual void reset() = 0;
    // 32-bit registers by offset in the frame, as the architecture names them (IHI0048, IHI0069); for set and
    // clear pairs the value is the state. Version 2 has its private interrupts in the distributor, banked by
    // vCPU; version 3 in the second frame of the redistributor, at 0x10000.
    virtual u32 distributor_register(unsigned vcpu, u32 offset) const = 0;
    virtual u32 redistributor_register(unsigned /*vcpu*/, u32 /*offset*/) const { return 0; }
    // Version 3, whose ISPENDR does not show what is pending because of its wire: levels of INTIDs 32 * bank to
    // 32 * bank + 31, one bit each.
    virtual u32 wire_levels(unsigned /*vcpu*/, u32 /*bank*/) const { return 0; }
    // ICC_* of version 3; nullopt where there is no such register.
    virtual std::optional<u64> cpu_register(unsigned /*vcpu*/, arch::SysReg) const { return std::nullopt; }
    virtual bool set_cpu_register(unsigned /*vcpu*/, arch::SysReg, u64 /*value*/) { return false; }
    // GICC_* of version 2.
    virtual u32 cpu_interface_register(unsigned /*vcpu*/, u32 /*offset*/) const { return 0; }
};

}  // namespace trapeze::accel
