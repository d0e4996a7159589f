// The machine's interrupt controller: which one it is, where it is in the memory map, and what the guest is
// told about it. irqchip.cc has those that are emulated here, kernel_irqchip.cc those of the accelerator.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "trapeze/accel/accel.h"
#include "trapeze/bus/fdt_writer.h"
#include "trapeze/bus/mmio.h"
#include "trapeze/irqchip/controller.h"
#include "trapeze/machine/config.h"
#include "trapeze/trap/hypercall_table.h"
#include "trapeze/trap/sysreg_table.h"

namespace trapeze::machine {

class Irqchip {
public:
    virtual ~Irqchip() = default;

    virtual irqchip::Controller& controller() = 0;

    // What the guest reaches it through. Once each, before the first vCPU runs.
    virtual void map(bus::MmioBus&) {}
    virtual void add_sysregs(trap::SysRegSpace&, bus::VcpuIndex) {}
    virtual void add_hypercalls(trap::HypercallSpace&) {}

    // Its nodes in the device tree, and how the nodes of devices refer to it.
    virtual void describe(bus::FdtWriter& fdt) const = 0;
    virtual bus::FdtInterrupts fdt_interrupts() const { return {}; }
};

// One that is emulated in this program. `lines` leads to the vCPUs and outlives it. CHECKs that `kind` is such
// a one and has room for the vCPUs.
std::unique_ptr<Irqchip> make_irqchip(IrqchipKind kind, unsigned vcpus, mem::GpaRange ram,
                                      bus::CpuLineSink& lines);


// Where the redistributors of a GICv3 are: windows in the memory map, and how many vCPUs each serves.
struct Gicv3Region {
    mem::GpaRange window;
    unsigned vcpus;
};
std::vector<Gicv3Region> gicv3_redistributors(unsigned vcpus);
std::vector<mem::GpaRange> gicv3_windows(std::span<const Gicv3Region> regions);

bus::FdtInterrupts gicv2_fdt_interrupts(unsigned vcpus);

}  // namespace trapeze::machine
