#include <fmt/core.h>

#include "gicv3/types.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::irqchip {

// The binding is Linux' "arm,gic-v3". There is no maintenance interrupt: the guest has no EL2.
void Gicv3::describe(bus::FdtWriter& fdt, mem::GpaRange distributor,
                     std::span<const mem::GpaRange> redistributors) const {
    std::vector<u32> reg;
    const auto append = [&reg](const mem::GpaRange& range) {
        for (const u64 value : {range.base.value, range.size}) {
            reg.push_back(static_cast<u32>(value >> 32));
            reg.push_back(static_cast<u32>(value));
        }
    };
    append(distributor);
    for (const mem::GpaRange& range : redistributors) append(range);

    fdt.begin_node(fmt::format("intc@{:x}", distributor.base.value));
    fdt.property_string("compatible", "arm,gic-v3");
    fdt.property_cells("reg", reg);
    fdt.property_empty("interrupt-controller");
    fdt.property_u32("#interrupt-cells", 3);
    if (redistributors.size() > 1) {
        fdt.property_u32("#redistributor-regions", static_cast<u32>(redistributors.size()));
    }
    // Interrupts are not translated, and there are no child nodes to translate addresses for.
    fdt.property_u32("#address-cells", 2);
    fdt.property_u32("#size-cells", 2);
    fdt.property_empty("ranges");
    fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::Gic));
    fdt.end_node();
}

}  // namespace trapeze::irqchip
