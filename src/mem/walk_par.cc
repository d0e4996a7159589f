#include <algorithm>

#include "trapeze/arch/translation.h"
#include "trapeze/mem/walker.h"

namespace trapeze::mem {
namespace {

using arch::ParEl1;

// "Fault status code" of PAR_EL1.FST, which is ESR_ELx.ISS.DFSC. An Access flag or Permission fault is
// of a leaf descriptor, which level -1 does not have.
u64 fault_status(const Fault& fault) {
    const bool below_zero = fault.level < 0;
    const u64 level = static_cast<u64>(std::clamp<int>(fault.level, 0, 3));
    switch (fault.kind) {
        case FaultKind::AddressSize: return below_zero ? 0x29 : 0x00 + level;
        case FaultKind::Translation: return below_zero ? 0x2b : 0x04 + level;
        case FaultKind::AccessFlag: return 0x08 + level;
        case FaultKind::Permission: return 0x0c + level;
        case FaultKind::ExternalAbort: return below_zero ? 0x13 : 0x14 + level;
    }
    return 0;
}

}  // namespace

u64 encode_par(const WalkResult& result) {
    if (result) {
        return ParEl1::F::make(0) | ParEl1::SH::make(static_cast<u64>(result->attributes.shareability)) |
               ParEl1::Res1::make(1) | (result->pa.value & ParEl1::kPa) |
               ParEl1::ATTR::make(result->attributes.attr);
    }
    const Fault& fault = result.error();
    return ParEl1::F::make(1) | ParEl1::FST::make(fault_status(fault)) |
           ParEl1::PTW::make(fault.on_walk ? 1 : 0) | ParEl1::S::make(fault.stage2 ? 1 : 0) |
           ParEl1::Res1::make(1) | ParEl1::Overlay::make(fault.overlay ? 1 : 0) |
           ParEl1::DirtyBit::make(fault.dirty_bit ? 1 : 0);
}

}  // namespace trapeze::mem
