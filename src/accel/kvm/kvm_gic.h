// KVM's vGIC, version 2 or 3, through its device file (Linux "virt/kvm/devices/arm-vgic*.rst").
#pragma once

#include <memory>
#include <vector>

#include "kvm/kvm_ioctl.h"
#include "trapeze/accel/kernel_gic.h"

namespace trapeze::accel {

// Creates and initialises one. All vCPUs exist; `mpidrs` are theirs, in order. `vm` outlives it.
Result<std::unique_ptr<KernelGic>> create_kvm_gic(const Fd& vm, const KernelGicConfig& config,
                                                  const std::vector<u64>& mpidrs);

// Whether KVM could create a device of this type (kDevType*) on this host.
bool kvm_has_device(const Fd& vm, u32 type);

}  // namespace trapeze::accel
