#include <fmt/core.h>

#include "trapeze/irqchip/gicv2.h"

namespace trapeze::irqchip {

// The binding is Linux' "arm,gic". "arm,cortex-a15-gic" is the name that QEMU's virt has for a GICv2. There
// is no maintenance interrupt: the guest has no EL2.
void Gicv2::describe(bus::FdtWriter& fdt, mem::GpaRange distributor, mem::GpaRange cpu_interface) {
    std::vector<u32> reg;
    for (const mem::GpaRange& range : {distributor, cpu_interface}) {
        for (const u64 value : {range.base.value, range.size}) {
            reg.push_back(static_cast<u32>(value >> 32));
            reg.push_back(static_cast<u32>(value));
        }
    }
    fdt.begin_node(fmt::format("intc@{:x}", distributor.base.value));
    fdt.property_string("compatible", "arm,cortex-a15-gic");
    fdt.property_cells("reg", reg);
    fdt.property_empty("interrupt-controller");
    fdt.property_u32("#interrupt-cells", 3);
    // Interrupts are not translated, and there are no child nodes to translate addresses for.
    fdt.property_u32("#address-cells", 2);
    fdt.property_u32("#size-cells", 2);
    fdt.property_empty("ranges");
    fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::Gic));
    fdt.end_node();
}

}  // namespace trapeze::irqchip
