// Numbers and names shared by the parts of the GICv3 model.
#pragma once

#include "gic/types.h"

namespace trapeze::irqchip::gicv3 {

using namespace gic;

inline constexpr u32 kMaxVcpus = 512;
inline constexpr VcpuIndex kNoVcpu = ~VcpuIndex{0};

// The identification registers of the GICD and GICR frames.
inline constexpr u32 kIdOffset = 0xffd0;
inline constexpr u8 kIds[12] = {0x44, 0x00, 0x00, 0x00,   // PIDR4 to PIDR7
                                0x92, 0xb4, 0x3b, 0x00,   // PIDR0 to PIDR3
                                0x0d, 0xf0, 0x05, 0xb1};  // CIDR0 to CIDR3

}  // namespace trapeze::irqchip::gicv3
