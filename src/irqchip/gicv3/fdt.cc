#include <fmt/core.h>

#include "gicv3/types.h"
#include "trapeze/irqchip/gicv3.h"

namespace trapeze::irqchip {

// The binding is Linux' "arm,gic-v3". There is no maintenance interrupt: the guest has no EL2.
void Gicv3::describe(bus::FdtWriter& fdt, mem::GpaRange distributor,
                     std::span<const mem::GpaRange> redistributors, std::optional<mem::GpaRange> its) {
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
    // The address of an ITS is that of the parent.
    fdt.property_u32("#address-cells", 2);
    fdt.property_u32("#size-cells", 2);
    fdt.property_empty("ranges");
    fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::Gic));
    if (its) {
        fdt.begin_node(fmt::format("its@{:x}", its->base.value));
        fdt.property_string("compatible", "arm,gic-v3-its");
        fdt.property_empty("msi-controller");
        fdt.property_u32("#msi-cells", 1);
        fdt.property_reg(its->base.value, its->size);
        fdt.property_u32("phandle", static_cast<u32>(bus::Phandle::Its));
        fdt.end_node();
    }
    fdt.end_node();
}

}  // namespace trapeze::irqchip
