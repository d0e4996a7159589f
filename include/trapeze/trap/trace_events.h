// Trace events of the exit path. Names and operands follow QEMU's arm events where it has them.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::trap {

inline TraceEvent kvm_hypercall{"kvm_hypercall"};
inline TraceEvent kvm_wfx_trap{"kvm_wfx_trap"};
inline TraceEvent kvm_sysreg_read{"kvm_sysreg_read"};
inline TraceEvent kvm_sysreg_write{"kvm_sysreg_write"};
inline TraceEvent kvm_mmio_read{"kvm_mmio_read"};
inline TraceEvent kvm_mmio_write{"kvm_mmio_write"};
inline TraceEvent kvm_unexpected_trap{"kvm_unexpected_trap"};

}  // namespace trapeze::trap
