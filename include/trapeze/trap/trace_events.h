// Trace events of the exit path. Names and operands follow QEMU's arm events where it has them.
#pragma once

#include "trapeze/base/log.h"

namespace trapeze::trap {

inline TraceEvent kvm_hypercall{"kvm_hypercall", TraceEvent::Kind::Exit};
inline TraceEvent kvm_wfx_trap{"kvm_wfx_trap", TraceEvent::Kind::Exit};
inline TraceEvent kvm_sysreg_read{"kvm_sysreg_read", TraceEvent::Kind::Exit};
inline TraceEvent kvm_sysreg_write{"kvm_sysreg_write", TraceEvent::Kind::Exit};
inline TraceEvent kvm_mmio_read{"kvm_mmio_read", TraceEvent::Kind::Exit};
inline TraceEvent kvm_mmio_write{"kvm_mmio_write", TraceEvent::Kind::Exit};
inline TraceEvent kvm_mmio_undescribed{"kvm_mmio_undescribed", TraceEvent::Kind::Exit};
inline TraceEvent kvm_unexpected_trap{"kvm_unexpected_trap", TraceEvent::Kind::Exit};
// An entry of the guest that ended with nothing to do for it: a kick, a signal, a timer, a debug event.
inline TraceEvent kvm_run_interrupted{"kvm_run_interrupted", TraceEvent::Kind::Exit};

}  // namespace trapeze::trap
