// The KVM accelerator. Only src/accel/kvm knows the KVM ABI.
#pragma once

#include <memory>

#include "trapeze/accel/accel.h"

namespace trapeze::accel {

// Opens /dev/kvm and creates a VM of the trap-all type with at least `min_ipa_bits` of guest physical address
// space. Fails, with the reason, where there is no /dev/kvm, no trap-all type or no GICv3 in the host CPU.
Result<std::unique_ptr<Vm>> create_kvm_trap_harder(unsigned min_ipa_bits);

}  // namespace trapeze::accel
