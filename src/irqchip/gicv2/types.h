// Numbers and names shared by the parts of the GICv2 model.
#pragma once

#include "gic/types.h"

namespace trapeze::irqchip::gicv2 {

using namespace gic;

// A bit for each vCPU, as GICD_ITARGETSR<n> and GICD_SGIR have them.
using CpuMask = u8;
constexpr CpuMask mask_of(VcpuIndex vcpu) {
    return static_cast<CpuMask>(1u << vcpu);
}

}  // namespace trapeze::irqchip::gicv2
